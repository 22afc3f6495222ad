#pragma once

#include <algorithm>

#include "oxcache/base/Clock.h"

namespace oxcache {

/// When an operation must have ended; one per operation, carried through all its steps.
class Deadline {
public:
    /// No limit.
    static Deadline never() noexcept { return Deadline(SteadyTime::max()); }
    /// `limit` from now; 0 or less has passed already.
    static Deadline in(const Clock& clock, Duration limit) noexcept {
        const SteadyTime now = clock.steady();
        if (limit <= Duration::zero()) return Deadline(now);
        if (limit >= std::chrono::duration_cast<Duration>(SteadyTime::max() - now)) return never();
        return Deadline(now + limit);
    }
    static Deadline at(SteadyTime time) noexcept { return Deadline(time); }

    SteadyTime time() const noexcept { return time_; }
    bool isNever() const noexcept { return time_ == SteadyTime::max(); }
    bool passed(const Clock& clock) const noexcept { return !isNever() && clock.steady() >= time_; }
    /// What is left, never below 0, at most a day.
    Duration left(const Clock& clock) const noexcept {
        constexpr Duration kDay = std::chrono::hours(24);
        if (isNever()) return kDay;
        const SteadyTime now = clock.steady();
        if (time_ <= now) return Duration::zero();
        return std::min(std::chrono::ceil<Duration>(time_ - now), kDay);
    }
    /// The earlier of two.
    Deadline earlier(Deadline other) const noexcept {
        return Deadline(std::min(time_, other.time_));
    }

private:
    explicit Deadline(SteadyTime time) noexcept : time_(time) {}
    SteadyTime time_;
};

}  // namespace oxcache
