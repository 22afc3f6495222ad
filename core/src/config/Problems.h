#pragma once

#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "config/Origin.h"
#include "oxcache/base/Export.h"

namespace oxcache::config {

/// Collects everything that is wrong with a configuration, so that one run reports it all. The
/// same problem found twice is kept once. Not thread-safe.
class OXCACHE_INTERNAL Problems {
public:
    /// `text` is `what; what to do`; an empty key means that the source as a whole is concerned.
    void add(const Origin& origin, const std::string& key, const std::string& text);

    /// Adds all of another collection.
    void add(const Problems& others) {
        problems_.insert(others.problems_.begin(), others.problems_.end());
    }
    bool empty() const noexcept { return problems_.empty(); }
    /// One line each, `file:line: key: what; what to do`, in the order of layers and lines.
    std::vector<std::string> lines() const;
    /// Throws ConfigurationError with lines() unless empty.
    void raise() const;

private:
    /// Layer, source, line, text: the order of reporting.
    std::set<std::tuple<LayerKind, std::string, int, std::string>> problems_;
};

}  // namespace oxcache::config
