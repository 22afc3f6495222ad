#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "ShadowCaches.h"
#include "ThreadRecords.h"
#include "oxcache/base/Mutex.h"

namespace oxcache::memory {

/// Feeds the sampled reads to the shadow caches and says which window share is best. Reads only
/// write to their thread's ring; writers bring the samples here, a few each, when nobody else does.
/// One for all shards, so that small shards decide with the whole store's evidence. Thread-safe.
class WindowTuner {
public:
    /// A read is to be sampled whose key's hash has none of these bits.
    explicit WindowTuner(std::atomic<std::uint32_t>& mask) noexcept : mask_(mask) {}

    /// After a write of the thread that `own` belongs to. `capacity` in entries.
    void drain(ThreadRecord& own, const ThreadRecords& all, std::uint64_t capacity,
               std::atomic<double>& windowShare);

private:
    void fit(std::uint64_t capacity) OXCACHE_REQUIRES(mutex_);

    std::atomic<std::uint32_t>& mask_;
    alignas(64) Mutex mutex_;
    std::unique_ptr<ShadowCaches> shadows_ OXCACHE_GUARDED_BY(mutex_);
    std::uint64_t sampling_ OXCACHE_GUARDED_BY(mutex_) = 0;
    std::uint32_t next_ OXCACHE_GUARDED_BY(mutex_) = 0;
};

}  // namespace oxcache::memory
