#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "FrequencySketch.h"

namespace oxcache::memory {

/// The policy at one fixed window share, over hashes alone.
class ShadowCache {
public:
    ShadowCache(std::size_t capacity, double windowShare);
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

    void evict();
    void push(List& list, std::uint32_t at) noexcept;
    void unlink(List& list, std::uint32_t at) noexcept;
    void drop(List& list, std::uint32_t at);
    std::uint32_t victim(List& list);

    const std::size_t capacity_;
    const std::size_t windowTarget_;
    std::unordered_map<std::uint32_t, std::uint32_t> index_;
    std::vector<Node> nodes_;
    std::vector<std::uint32_t> free_;
    List window_;
    List main_;
    FrequencySketch sketch_;
    std::uint32_t lottery_ = 1;
};

/// Finds the window share that fits the work: small copies of the policy, one per share, run on a
/// sample of the keys (Waldspurger et al., "Cache Modeling and Optimization using Miniature
/// Simulations", 2017). The share in use is left for another only when, over the accesses on which
/// the two disagreed, the other was right significantly more often (McNemar's test). For one
/// thread at a time.
class ShadowCaches {
public:
    /// One key in `sampling` is to be shown.
    ShadowCaches(std::size_t capacity, unsigned sampling);

    static constexpr std::array<double, 5> kShares = {0.01, 0.05, 0.10, 0.30, 0.80};

    void access(std::uint32_t hash);
    double share() const noexcept { return kShares[current_]; }

private:
    void judge() noexcept;

    const std::uint64_t interval_;
    std::uint64_t accesses_ = 0;
    std::size_t current_ = 0;
    std::vector<ShadowCache> caches_;
    /// wins_[a][b]: accesses that hit in a and missed in b, fading.
    std::array<std::array<double, kShares.size()>, kShares.size()> wins_{};
};

}  // namespace oxcache::memory
