#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "base/ThreadStripe.h"

namespace oxcache::reporting {

/// A counter that many threads add to without meeting on a cache line. Thread-safe; value() is a
/// sum that may miss additions under way.
class StripedCounter {
public:
    void add(std::uint64_t by = 1) noexcept {
        stripes_[threadStripe()].value.fetch_add(by, std::memory_order_relaxed);
    }
    std::uint64_t value() const noexcept {
        std::uint64_t sum = 0;
        for (const Stripe& each : stripes_) sum += each.value.load(std::memory_order_relaxed);
        return sum;
    }

private:
    struct alignas(64) Stripe {
        std::atomic<std::uint64_t> value{0};
    };

    std::array<Stripe, kThreadStripes> stripes_;
};

}  // namespace oxcache::reporting
