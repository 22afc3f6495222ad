#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>

#include "oxcache/base/Export.h"
#include "oxcache/base/Mutex.h"

namespace oxcache {

/// The unit of every duration in the public face.
using Duration = std::chrono::milliseconds;
/// A point on the steady clock of this process.
using SteadyTime = std::chrono::steady_clock::time_point;

/// Steady time that is read from memory, without asking the machine.
struct CoarseTime {
    /// Nanoseconds; kept up to date as long as this is held. Never behind the steady clock while
    /// the machine keeps up, so that what it shows as alive is.
    std::shared_ptr<const std::atomic<std::int64_t>> ns{};
    /// How far it is in front of the steady clock at most: without this much, never in front.
    std::chrono::nanoseconds ahead{};
};

/// Where time comes from. Thread-safe. Everything that waits or expires takes one, so that tests
/// move time by hand instead of sleeping.
class OXCACHE_API Clock {
public:
    virtual ~Clock() = default;

    /// Monotonic time.
    virtual SteadyTime steady() const noexcept = 0;
    /// Where steady() can be read without asking the machine.
    virtual CoarseTime coarse() = 0;
    /// Milliseconds since the Unix epoch.
    virtual std::int64_t wallMs() const noexcept = 0;
    /// Waits on `changed` until notified or `until`; false when `until` has passed. May wake early.
    virtual bool waitUntil(CondVar& changed, Mutex& mutex, SteadyTime until)
        OXCACHE_REQUIRES(mutex) = 0;
};

/// The machine's clocks.
class OXCACHE_API SystemClock final : public Clock {
public:
    SteadyTime steady() const noexcept override;
    /// One for the process, up to 2 ms ahead; a thread moves it while anybody holds it.
    CoarseTime coarse() override;
    std::int64_t wallMs() const noexcept override;
    bool waitUntil(CondVar& changed, Mutex& mutex, SteadyTime until) override
        OXCACHE_REQUIRES(mutex);
};

/// A clock that moves only when told. Waiters are woken by every move.
class OXCACHE_API ManualClock final : public Clock {
public:
    explicit ManualClock(std::int64_t wallMs = 1'700'000'000'000);

    SteadyTime steady() const noexcept override;
    /// Exact; must not outlive the clock.
    CoarseTime coarse() override;
    std::int64_t wallMs() const noexcept override;
    bool waitUntil(CondVar& changed, Mutex& mutex, SteadyTime until) override
        OXCACHE_REQUIRES(mutex);

    /// Moves both clocks forward. The caller holds no mutex that somebody waits with.
    void advance(std::chrono::nanoseconds by);
    /// How many threads wait on this clock now; tests use it as a sequence point.
    std::size_t waiters() const;

private:
    struct Waiter {
        CondVar* changed;
        Mutex* mutex;
        /// Calls of advance() that are about to notify it.
        unsigned notifiers = 0;
    };

    const std::int64_t wallStartMs_;
    std::atomic<std::int64_t> elapsedNs_{1'000'000'000};
    mutable Mutex mutex_;
    CondVar notified_;
    std::uint64_t nextWaiter_ OXCACHE_GUARDED_BY(mutex_) = 0;
    /// In the order in which they came.
    std::map<std::uint64_t, Waiter> waiters_ OXCACHE_GUARDED_BY(mutex_);
};

}  // namespace oxcache
