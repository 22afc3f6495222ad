#include "oxcache/base/Clock.h"

#include <thread>

namespace oxcache {
namespace {

std::int64_t toMs(std::chrono::nanoseconds time) noexcept {
    return std::chrono::duration_cast<Duration>(time).count();
}

constexpr std::chrono::milliseconds kTick{1};
// A tick is published for the time until the next one, and a little for the thread's wake-up.
constexpr std::chrono::nanoseconds kAhead = 2 * kTick;

/// Owns the thread that moves the coarse clock.
class Ticker {
public:
    Ticker() : thread_([this] { run(); }) {}
    ~Ticker() {
        {
            MutexLock lock(mutex_);
            stopped_ = true;
        }
        changed_.notifyAll();
        thread_.join();
    }
    Ticker(const Ticker&) = delete;
    Ticker& operator=(const Ticker&) = delete;

    const std::atomic<std::int64_t>& time() const noexcept { return time_; }

private:
    static std::int64_t ahead() noexcept {
        return (std::chrono::steady_clock::now().time_since_epoch() + kAhead).count();
    }
    void run() {
        MutexLock lock(mutex_);
        while (!stopped_) {
            time_.store(ahead(), std::memory_order_relaxed);
            changed_.waitUntil(mutex_, std::chrono::steady_clock::now() + kTick);
        }
    }

    alignas(64) std::atomic<std::int64_t> time_{ahead()};
    alignas(64) Mutex mutex_;
    CondVar changed_;
    bool stopped_ OXCACHE_GUARDED_BY(mutex_) = false;
    std::thread thread_;
};

}  // namespace

CoarseTime SystemClock::coarse() {
    static Mutex mutex;
    static std::weak_ptr<Ticker> running;
    MutexLock lock(mutex);
    std::shared_ptr<Ticker> ticker = running.lock();
    if (!ticker) running = ticker = std::make_shared<Ticker>();
    return {{ticker, &ticker->time()}, kAhead};
}

CoarseTime ManualClock::coarse() { return {{std::shared_ptr<void>(), &elapsedNs_}, {}}; }

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

// A waiter does not leave while advance() is about to notify it: with it would go the condition and
// the mutex, which often lie on its stack.
bool ManualClock::waitUntil(CondVar& changed, Mutex& mutex, SteadyTime until) {
    std::map<std::uint64_t, Waiter>::iterator self;
    {
        MutexLock lock(mutex_);
        if (steady() >= until) return false;
        self = waiters_.emplace(nextWaiter_++, Waiter{&changed, &mutex}).first;
    }
    changed.wait(mutex);
    mutex.unlock();
    {
        MutexLock lock(mutex_);
        while (self->second.notifiers > 0) notified_.wait(mutex_);
        waiters_.erase(self);
    }
    mutex.lock();
    return steady() < until;
}

// Waiters take the clock's mutex inside their own, so they are notified outside the clock's; taking
// a waiter's mutex first makes sure that it is really waiting and misses nothing. Whoever comes
// after the time was moved sees the new time by itself.
void ManualClock::advance(std::chrono::nanoseconds by) {
    elapsedNs_.fetch_add(by.count(), std::memory_order_acq_rel);
    MutexLock lock(mutex_);
    const std::uint64_t end = nextWaiter_;
    auto next = waiters_.begin();
    while (next != waiters_.end() && next->first < end) {
        const std::uint64_t id = next->first;
        Waiter& waiter = next->second;
        ++waiter.notifiers;
        lock.unlock();
        {
            MutexLock own(*waiter.mutex);
            waiter.changed->notifyAll();
        }
        lock.lock();
        --waiter.notifiers;
        notified_.notifyAll();
        next = waiters_.upper_bound(id);
    }
}

std::size_t ManualClock::waiters() const {
    MutexLock lock(mutex_);
    return waiters_.size();
}

}  // namespace oxcache
