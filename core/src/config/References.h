#pragma once

#include <functional>
#include <optional>
#include <string>

#include "config/Layer.h"
#include "config/Origin.h"
#include "oxcache/base/Export.h"

/// References in values: `${env:NAME}`, `${file:PATH}` and `${key}`; `$${` stands for `${`. What an
/// environment variable or a file holds is taken as it is, the value of a key is expanded in turn.
namespace oxcache::config {

/// What references refer to.
struct Surroundings {
    std::function<std::optional<Setting>(const std::string& key)> find;
    const Variables& variables;
    /// How the value of a key is treated, as far as its option is known.
    std::function<bool(const std::string& key)> isPath;
    std::function<bool(const std::string& key)> isSecret;
};

/// Why a value cannot be expanded, and where that was written; `text` is `what; what to do`.
struct ReferenceFailure {
    Origin origin;
    std::string key;
    std::string text;
};

struct Expansion {
    std::string text{};
    std::optional<ReferenceFailure> failure{};
};

/// The value with its references replaced. Thread-safe where `surroundings` is.
OXCACHE_INTERNAL Expansion expandReferences(const Setting& setting,
                                            const Surroundings& surroundings);

/// The value for people to read: references to variables, files and secrets stay as they are
/// written, passwords in URIs are hidden, a secret written out is `***`.
OXCACHE_INTERNAL std::string display(const Setting& setting, const Surroundings& surroundings);

/// True when the value is one reference that leads to a variable or a file, or is empty.
OXCACHE_INTERNAL bool isReference(const Setting& setting, const Surroundings& surroundings);

/// `path` made absolute from `folder` and cleaned of `.` and `..`; empty stays empty.
OXCACHE_INTERNAL std::string absolutePath(const std::string& path, const std::string& folder);

}  // namespace oxcache::config
