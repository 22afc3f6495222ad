#pragma once

#include <string>

#include "oxcache/base/Export.h"

namespace oxcache::config {

/// Who sets a value, lowest first. Application stands in the place of File where an application
/// hands its own configuration over.
enum class LayerKind { Defaults, Application, File, Environment, Variables, CommandLine };

/// The layer's name as `explain` prints it.
OXCACHE_INTERNAL const char* toString(LayerKind layer) noexcept;

/// Where a value was written.
struct Origin {
    LayerKind layer = LayerKind::Defaults;
    /// The file as its path was given, or the environment variable's name; else empty.
    std::string source{};
    /// From 1; 0 where not known.
    int line = 0;
    /// Absolute folder that relative paths in the value start from.
    std::string folder{};

    /// `file:line`, `file`, `environment variable NAME`, `command line`, `application`, `default`.
    OXCACHE_INTERNAL std::string text() const;
};

/// One key of one layer, as it was written.
struct Setting {
    std::string key{};
    std::string raw{};
    Origin origin{};
};

}  // namespace oxcache::config
