#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>

#include "base/ThreadStripe.h"
#include "oxcache/base/Clock.h"
#include "oxcache/base/Version.h"

namespace oxcache::coherence {

/// Store time: the store's clock, as an offset to the local steady clock; the wall clock until a
/// store has answered. Thread-safe.
class StoreClock {
public:
    explicit StoreClock(Clock& clock)
        : clock_(clock), coarse_(clock.coarse()), offsetMs_(clock.wallMs() - steadyMs(clock)) {}

    std::int64_t nowMs() const noexcept {
        return steadyMs(clock_) + offsetMs_.load(std::memory_order_relaxed);
    }

    /// The time of a few milliseconds ago at most, while the machine keeps up; read from memory.
    std::int64_t recentMs() const noexcept {
        const std::chrono::nanoseconds recent(coarse_.ns->load(std::memory_order_relaxed));
        return toMs(recent - coarse_.ahead) + offsetMs_.load(std::memory_order_relaxed);
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
    static std::int64_t toMs(std::chrono::nanoseconds time) noexcept {
        return std::chrono::duration_cast<Duration>(time).count();
    }
    static std::int64_t steadyMs(const Clock& clock) noexcept {
        return toMs(clock.steady().time_since_epoch());
    }

    const Clock& clock_;
    const CoarseTime coarse_;
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
    Version next(std::int64_t nowMs) noexcept { return versionOf(take(1, firstAt(nowMs))); }
    /// Unique too, but threads meet only once in a while: the versions of one thread ascend, those
    /// of several only from one millisecond to the next. For what L2 never holds, since nothing
    /// asks there which of two is later.
    Version nextOfThread(std::int64_t nowMs) noexcept {
        const std::uint64_t least = firstAt(nowMs);
        std::atomic<std::uint64_t>& mine = stripes_[threadStripe()].last;
        std::uint64_t last = mine.load(std::memory_order_relaxed);
        std::uint64_t next = 0;
        do {
            next = last + 1;
            // The block is used up, or of a millisecond that has passed.
            if (next % kBlock == 0 || next < least) next = take(kBlock, least);
        } while (!mine.compare_exchange_weak(last, next, std::memory_order_relaxed));
        return versionOf(next);
    }
    std::uint64_t origin() const noexcept { return origin_; }

private:
    static constexpr unsigned kCounterBits = 20;
    static constexpr std::uint64_t kCounterMask = (std::uint64_t{1} << kCounterBits) - 1;
    /// Numbers that a stripe takes at once, beginning at a multiple.
    static constexpr std::uint64_t kBlock = 64;
    struct alignas(64) Stripe {
        std::atomic<std::uint64_t> last{kBlock - 1};
    };

    static std::uint64_t firstAt(std::int64_t nowMs) noexcept {
        return static_cast<std::uint64_t>(std::clamp(nowMs, std::int64_t{0}, StoreClock::kMostMs))
               << kCounterBits;
    }
    Version versionOf(std::uint64_t number) const noexcept {
        return {number >> kCounterBits, static_cast<std::uint32_t>(number & kCounterMask), origin_};
    }
    /// The first of `count` numbers that nobody else gets; a multiple of `count`, a power of 2.
    std::uint64_t take(std::uint64_t count, std::uint64_t least) noexcept {
        std::uint64_t last = last_.load(std::memory_order_relaxed);
        std::uint64_t first = 0;
        do {
            first = std::max((last + count) & ~(count - 1), least);
        } while (!last_.compare_exchange_weak(last, first + count - 1, std::memory_order_relaxed));
        return first;
    }

    const StoreClock& time_;
    const std::uint64_t origin_;
    std::atomic<std::uint64_t> last_{0};
    std::array<Stripe, kThreadStripes> stripes_;
};

}  // namespace oxcache::coherence
