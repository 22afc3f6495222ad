#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include <oxcache/base/Mutex.h>

#include "SqliteFile.h"

namespace oxcache::demo {

/// The table of packages as a loader asks it, for configurations that name no fallback of their
/// own. Thread-safe, one question at a time. Failures are Poco::IOException.
class PackageTable {
public:
    /// The SQL that the generated configuration gives its fallback.
    static const char* query() noexcept;

    explicit PackageTable(const std::string& database);

    /// The package's row as a JSON object; empty when there is none of that name.
    std::optional<std::string> load(const std::string& name);
    std::uint64_t queries() const noexcept { return queries_.load(std::memory_order_relaxed); }

private:
    Mutex mutex_;
    SqliteFile file_ OXCACHE_GUARDED_BY(mutex_);
    std::atomic<std::uint64_t> queries_{0};
};

}  // namespace oxcache::demo
