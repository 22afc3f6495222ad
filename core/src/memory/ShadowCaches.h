#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "FrequencySketch.h"

namespace oxcache::memory {

/// The policy at one fixed window share, over hashes alone.
class ShadowCache {
public:
    ShadowCache(std::size_t capacity, double windowShare);
    /// Takes effect by and by, as entries come and leave.
    void resize(std::size_t capacity);
    /// True when the key was in.
    bool access(std::uint32_t hash);

private:
    static constexpr std::uint32_t kNone = UINT32_MAX;
    struct Node {
        std::uint32_t hash = 0;
        std::uint32_t previous = kNone;
        std::uint32_t next = kNone;
        std::uint8_t mark = 0;
    };
    struct List {
        std::uint32_t first = kNone;
        std::uint32_t last = kNone;
        std::size_t size = 0;
    };

    std::size_t home(std::uint32_t hash) const noexcept {
        return hash * std::uint32_t{0x9e37'79b1} >> shift_;
    }
    /// The slot of the index with the key's node, or the empty one where it would be.
    std::size_t slotOf(std::uint32_t hash) const noexcept;
    void forget(std::uint32_t hash) noexcept;
    void reindex(std::size_t nodes);
    std::uint32_t take(std::uint32_t hash);

    void evict();
    void push(List& list, std::uint32_t at) noexcept;
    void unlink(List& list, std::uint32_t at) noexcept;
    void drop(List& list, std::uint32_t at);
    void promote() noexcept;
    std::uint32_t victim(List& list) noexcept;

    const double windowShare_;
    std::size_t capacity_ = 0;
    std::size_t windowTarget_ = 0;
    std::vector<Node> nodes_;
    std::vector<std::uint32_t> free_;
    /// Open addressing, linear probing, at most half full.
    std::vector<std::uint32_t> index_;
    unsigned shift_ = 0;
    List window_;
    List main_;
    FrequencySketch sketch_;
    std::uint32_t lottery_ = 1;
};

/// Finds the window share that fits the work: small copies of the policy, one per share, run on a
/// sample of the keys (Waldspurger et al., "Cache Modeling and Optimization using Miniature
/// Simulations", 2017). The share in use is left for another only when, over the accesses on which
/// the two disagreed, the other was right significantly more often (McNemar's test), and by so many
/// accesses that refilling the cache is worth it. For one thread at a time.
class ShadowCaches {
public:
    /// One key in `sampling` is to be shown.
    ShadowCaches(std::uint64_t capacity, std::uint64_t sampling);

    static constexpr std::array<double, 5> kShares = {0.02, 0.10, 0.30, 0.80, 0.95};

    /// The number of entries in the cache they are to resemble.
    void resize(std::uint64_t capacity);
    void access(std::uint32_t hash);
    double share() const noexcept { return kShares[current_]; }

private:
    void judge() noexcept;

    const std::uint64_t sampling_;
    std::uint64_t capacity_ = 0;
    std::uint64_t accesses_ = 0;
    std::uint64_t judgeAt_ = 0;
    std::size_t current_ = 0;
    std::vector<ShadowCache> caches_;
    /// wins_[a][b]: accesses that hit in a and missed in b, fading.
    std::array<std::array<double, kShares.size()>, kShares.size()> wins_{};
};

}  // namespace oxcache::memory
