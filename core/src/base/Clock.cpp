#include "oxcache/base/Clock.h"

#include <algorithm>

namespace oxcache {
namespace {

std::int64_t toMs(std::chrono::nanoseconds time) noexcept {
    return std::chrono::duration_cast<Duration>(time).count();
}

}  // namespace

SteadyTime SystemClock::steady() const noexcept { return std::chrono::steady_clock::now(); }

std::int64_t SystemClock::wallMs() const noexcept {
    return toMs(std::chrono::system_clock::now().time_since_epoch());
}

bool SystemClock::waitUntil(CondVar& changed, Mutex& mutex, SteadyTime until) {
    if (until == SteadyTime::max()) {
        changed.wait(mutex);
        return true;
    }
    return changed.waitUntil(mutex, until);
}

ManualClock::ManualClock(std::int64_t wallMs) : wallStartMs_(wallMs) {}

SteadyTime ManualClock::steady() const noexcept {
    return SteadyTime(std::chrono::nanoseconds(elapsedNs_.load(std::memory_order_acquire)));
}

std::int64_t ManualClock::wallMs() const noexcept {
    return wallStartMs_ + toMs(steady().time_since_epoch());
}

bool ManualClock::waitUntil(CondVar& changed, Mutex& mutex, SteadyTime until) {
    {
        MutexLock lock(mutex_);
        if (steady() >= until) return false;
        waiters_.push_back({&changed, &mutex});
    }
    changed.wait(mutex);
    MutexLock lock(mutex_);
    waiters_.erase(std::find_if(waiters_.begin(), waiters_.end(),
                                [&](const Waiter& waiter) { return waiter.changed == &changed; }));
    return steady() < until;
}

// Waiters take the clock's mutex inside their own, so they must be notified outside the clock's;
// taking a waiter's mutex first makes sure that it is really waiting and misses nothing.
void ManualClock::advance(std::chrono::nanoseconds by) {
    elapsedNs_.fetch_add(by.count(), std::memory_order_acq_rel);
    std::vector<Waiter> waiters;
    {
        MutexLock lock(mutex_);
        waiters = waiters_;
    }
    for (const Waiter& waiter : waiters) {
        MutexLock lock(*waiter.mutex);
        waiter.changed->notifyAll();
    }
}

std::size_t ManualClock::waiters() const {
    MutexLock lock(mutex_);
    return waiters_.size();
}

}  // namespace oxcache
