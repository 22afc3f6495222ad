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

    /// No store's clock shows a later time; versions have room up to here.
    static constexpr std::int64_t kMostMs = (std::int64_t{1} << 44) - 1;

    /// The store said `storeMs` in answer to a question sent at `asked`; the truth lies half-way.
    /// False when that is no time, and nothing was learned.
    bool learn(std::int64_t storeMs, SteadyTime asked) noexcept {
        if (storeMs <= 0 || storeMs > kMostMs) return false;
        const auto taken = std::chrono::duration_cast<Duration>(clock_.steady() - asked);
        offsetMs_.store(storeMs + taken.count() / 2 - steadyMs(clock_), std::memory_order_relaxed);
        return true;
    }

private:
    static std::int64_t steadyMs(const Clock& clock) noexcept {
        return std::chrono::duration_cast<Duration>(clock.steady().time_since_epoch()).count();
    }

    const Clock& clock_;
    std::atomic<std::int64_t> offsetMs_;
};

/// Makes versions: unique, and ascending within this process whatever the clock does. Time and
/// counter are one number that only grows; where a millisecond has no room left for more versions,
/// the next ones are taken from the millisecond after it. Thread-safe.
class VersionSource {
public:
    VersionSource(const StoreClock& time, std::uint64_t origin) : time_(time), origin_(origin) {}

    Version next() noexcept { return next(time_.nowMs()); }
    /// For who has looked at the store's time just now.
    Version next(std::int64_t nowMs) noexcept {
        const auto now =
            static_cast<std::uint64_t>(std::clamp(nowMs, std::int64_t{0}, StoreClock::kMostMs));
        std::uint64_t last = last_.load(std::memory_order_relaxed);
        std::uint64_t next = 0;
        do {
            next = std::max(last + 1, now << kCounterBits);
        } while (!last_.compare_exchange_weak(last, next, std::memory_order_relaxed));
        return {next >> kCounterBits, static_cast<std::uint32_t>(next & kCounterMask), origin_};
    }
    std::uint64_t origin() const noexcept { return origin_; }

private:
    static constexpr unsigned kCounterBits = 20;
    static constexpr std::uint64_t kCounterMask = (std::uint64_t{1} << kCounterBits) - 1;

    const StoreClock& time_;
    const std::uint64_t origin_;
    std::atomic<std::uint64_t> last_{0};
};

}  // namespace oxcache::coherence
