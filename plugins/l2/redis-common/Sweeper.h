#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "Exchange.h"
#include "oxcache/base/Mutex.h"

namespace oxcache::redis {

/// Deletes what a clear has killed: SCAN over every node, then UNLINK where the dead entry still
/// stands; or all that lies under the prefix. One pass goes on from call to call. Thread-safe; one
/// call works at a time.
class Sweeper {
public:
    enum class Which { Dead, All };

    /// `repeated` and `deleted` are counters.
    Sweeper(RoundPool& rounds, std::shared_ptr<Topology> topology,
            std::atomic<std::uint64_t>& repeated, std::atomic<std::uint64_t>& deleted,
            Which which = Which::Dead);

    /// Works until something was deleted or the pass is over; 0: it is over, nothing was left.
    Result<std::uint64_t> sweep(Key prefix, std::uint64_t live, SteadyTime until);

private:
    Result<std::vector<std::string>> scan(SteadyTime until) OXCACHE_REQUIRES(mutex_);
    Result<std::vector<Bytes>> deadOf(const std::vector<std::string>& keys, SteadyTime until)
        OXCACHE_REQUIRES(mutex_);
    Result<std::uint64_t> remove(const std::vector<std::string>& keys, SteadyTime until)
        OXCACHE_REQUIRES(mutex_);
    Result<std::uint64_t> removeDead(const std::vector<std::string>& keys, SteadyTime until)
        OXCACHE_REQUIRES(mutex_);
    void begin(Key prefix, std::uint64_t live) OXCACHE_REQUIRES(mutex_);

    RoundPool& rounds_;
    const std::shared_ptr<Topology> topology_;
    std::atomic<std::uint64_t>& repeated_;
    std::atomic<std::uint64_t>& deleted_;
    const Which which_;

    Mutex mutex_;
    std::string prefix_ OXCACHE_GUARDED_BY(mutex_);
    std::string pattern_ OXCACHE_GUARDED_BY(mutex_);
    std::uint64_t live_ OXCACHE_GUARDED_BY(mutex_) = 0;
    std::vector<std::shared_ptr<Node>> nodes_ OXCACHE_GUARDED_BY(mutex_);  // still to be scanned
    std::string cursor_ OXCACHE_GUARDED_BY(mutex_) = "0";
    bool begun_ OXCACHE_GUARDED_BY(mutex_) = false;
    bool over_ OXCACHE_GUARDED_BY(mutex_) = false;
};

}  // namespace oxcache::redis
