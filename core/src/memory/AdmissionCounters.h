#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "KeyHash.h"
#include "base/Prefetch.h"

namespace oxcache::memory {

/// One 64-bit counter per stripe of keys, and one that counts for all of them: what moves when a
/// key is invalidated or written. The two are summed: both only grow, so an equal sum means that
/// neither has moved. Thread-safe; constant time, also for all keys at once.
class AdmissionCounters {
public:
    std::uint64_t of(std::uint64_t hash) const noexcept {
        return stripe(hash).load(std::memory_order_acquire) + all_.load(std::memory_order_acquire);
    }

    [[gnu::always_inline]] void prefetch(std::uint64_t hash) const noexcept {
        prefetchToWrite(&stripe(hash));
    }

    /// Under the lock of the key's shard: all keys of a stripe are one shard's, so that nobody else
    /// moves it.
    void move(std::uint64_t hash) noexcept {
        std::atomic<std::uint64_t>& counter = stripe(hash);
        counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_release);
    }

    void moveAll() noexcept { all_.fetch_add(1, std::memory_order_acq_rel); }

private:
    static constexpr std::size_t kStripes = std::size_t{1} << KeyHash::kStripeBits;

    const std::atomic<std::uint64_t>& stripe(std::uint64_t hash) const noexcept {
        return stripes_[KeyHash::stripePart(hash)];
    }
    std::atomic<std::uint64_t>& stripe(std::uint64_t hash) noexcept {
        return stripes_[KeyHash::stripePart(hash)];
    }

    std::array<std::atomic<std::uint64_t>, kStripes> stripes_{};
    std::atomic<std::uint64_t> all_{0};
};

}  // namespace oxcache::memory
