#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "ReadRecords.h"
#include "ShadowCaches.h"
#include "oxcache/base/Mutex.h"

namespace oxcache::memory {

/// Feeds the sampled reads to the shadow caches and says which window share is best. Reads only
/// write to their thread's ring; writers bring the samples here, a few each, when nobody else does.
/// One for all shards, so that small shards decide with the whole store's evidence. Thread-safe.
class WindowTuner {
public:
    /// Whether a read of this key is to be sampled.
    bool samples(std::uint32_t hash) const noexcept {
        return (hash & mask_.load(std::memory_order_relaxed)) == 0;
    }
    /// After a write of the thread that `own` belongs to. `capacity` in entries.
    void drain(ReadRecord& own, const ReadRecords& all, std::uint64_t capacity,
               std::atomic<double>& windowShare);

private:
    void fit(std::uint64_t capacity) OXCACHE_REQUIRES(mutex_);

    std::atomic<std::uint32_t> mask_{0};
    alignas(64) Mutex mutex_;
    std::unique_ptr<ShadowCaches> shadows_ OXCACHE_GUARDED_BY(mutex_);
    std::uint64_t sampling_ OXCACHE_GUARDED_BY(mutex_) = 0;
    std::uint32_t next_ OXCACHE_GUARDED_BY(mutex_) = 0;
};

}  // namespace oxcache::memory
