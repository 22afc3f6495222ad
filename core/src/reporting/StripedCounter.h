#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace oxcache::reporting {

/// A counter that many threads add to without meeting on a cache line. Thread-safe; value() is a
/// sum that may miss additions under way.
class StripedCounter {
public:
    void add(std::uint64_t by = 1) noexcept {
        stripes_[stripe()].value.fetch_add(by, std::memory_order_relaxed);
    }
    std::uint64_t value() const noexcept {
        std::uint64_t sum = 0;
        for (const Stripe& each : stripes_) sum += each.value.load(std::memory_order_relaxed);
        return sum;
    }

private:
    static constexpr std::size_t kStripes = 8;
    struct alignas(64) Stripe {
        std::atomic<std::uint64_t> value{0};
    };

    static std::size_t stripe() noexcept {
        static std::atomic<std::size_t> next{0};
        static thread_local const std::size_t kMine =
            next.fetch_add(1, std::memory_order_relaxed) % kStripes;
        return kMine;
    }

    std::array<Stripe, kStripes> stripes_;
};

}  // namespace oxcache::reporting
