#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "oxcache/base/Clock.h"
#include "oxcache/base/Version.h"

namespace oxcache::coherence {

/// Store time: the store's clock, as an offset to the local steady clock; the wall clock until a
/// store has answered. Thread-safe.
class StoreClock {
public:
    explicit StoreClock(const Clock& clock)
        : clock_(clock), offsetMs_(clock.wallMs() - steadyMs(clock)) {}

    std::int64_t nowMs() const noexcept {
        return steadyMs(clock_) + offsetMs_.load(std::memory_order_relaxed);
    }

    /// The store said `storeMs` in answer to a question sent at `asked`; the truth lies half-way.
    void learn(std::int64_t storeMs, SteadyTime asked) noexcept {
        const auto taken = std::chrono::duration_cast<Duration>(clock_.steady() - asked);
        offsetMs_.store(storeMs + taken.count() / 2 - steadyMs(clock_), std::memory_order_relaxed);
    }

private:
    static std::int64_t steadyMs(const Clock& clock) noexcept {
        return std::chrono::duration_cast<Duration>(clock.steady().time_since_epoch()).count();
    }

    const Clock& clock_;
    std::atomic<std::int64_t> offsetMs_;
};

/// Makes versions: unique, and ascending within this process. Thread-safe.
class VersionSource {
public:
    VersionSource(const StoreClock& time, std::uint64_t origin) : time_(time), origin_(origin) {}

    Version next() noexcept {
        const auto now = static_cast<std::uint64_t>(time_.nowMs());
        std::uint64_t last = lastMs_.load(std::memory_order_relaxed);
        while (last < now && !lastMs_.compare_exchange_weak(last, now)) {
        }
        // The counter is drawn after the time was settled, so that a later version is never lower
        // in both.
        return {std::max(last, now), counter_.fetch_add(1) + 1, origin_};
    }
    std::uint64_t origin() const noexcept { return origin_; }

private:
    const StoreClock& time_;
    const std::uint64_t origin_;
    std::atomic<std::uint64_t> lastMs_{0};
    std::atomic<std::uint32_t> counter_{0};
};

}  // namespace oxcache::coherence
