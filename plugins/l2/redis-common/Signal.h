#pragma once

#include <atomic>
#include <cstdint>

#include "oxcache/base/Clock.h"

namespace oxcache::redis {

/// A word that one thread waits for and others set: a wake-up that needs no lock, so that a batch
/// of callers can be woken without meeting again at a mutex. One waiter, any number of setters.
class Signal {
public:
    enum Value : std::uint32_t { None = 0, Lead = 1, Done = 2 };

    /// Sets and wakes. The waiter may be gone as soon as it has seen the value.
    void set(Value value) noexcept;
    /// The value once it is not None, which is taken away; None when `until` passed.
    Value wait(SteadyTime until) noexcept;
    /// True when wait() would return at once.
    bool there() const noexcept { return word_.load(std::memory_order_acquire) != None; }
    void reset() noexcept { word_.store(None, std::memory_order_relaxed); }

private:
    static constexpr std::uint32_t kAsleep = 3;
    std::atomic<std::uint32_t> word_{None};
};

}  // namespace oxcache::redis
