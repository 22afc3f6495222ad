#include "oxcache/base/Clock.h"

#include <thread>

#include <doctest/doctest.h>

using namespace oxcache;
using namespace std::chrono_literals;

namespace {

/// A thread that waits on a clock, and what it saw.
class Waiting {
public:
    Waiting(Clock& clock, SteadyTime until)
        : thread_([this, &clock, until] { run(clock, until); }) {}
    ~Waiting() { thread_.join(); }
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;

    void notify() {
        MutexLock lock(mutex_);
        notified_ = true;
        changed_.notifyAll();
    }
    /// True when it ended because its time had passed.
    bool timedOut() {
        MutexLock lock(mutex_);
        while (!ended_) over_.wait(mutex_);
        return timedOut_;
    }

private:
    void run(Clock& clock, SteadyTime until) {
        MutexLock lock(mutex_);
        while (!notified_ && !timedOut_) timedOut_ = !clock.waitUntil(changed_, mutex_, until);
        ended_ = true;
        over_.notifyAll();
    }

    Mutex mutex_;
    CondVar changed_;
    CondVar over_;
    bool notified_ OXCACHE_GUARDED_BY(mutex_) = false;
    bool timedOut_ OXCACHE_GUARDED_BY(mutex_) = false;
    bool ended_ OXCACHE_GUARDED_BY(mutex_) = false;
    std::thread thread_;
};

void awaitWaiters(const ManualClock& clock, std::size_t count) {
    while (clock.waiters() != count) std::this_thread::yield();
}

}  // namespace

TEST_CASE("AManualClockMovesOnlyWhenTold") {
    ManualClock clock(5000);
    const SteadyTime start = clock.steady();
    const std::int64_t wall = clock.wallMs();
    CHECK(start > SteadyTime{});
    CHECK(clock.steady() == start);
    clock.advance(1500ms);
    CHECK(clock.steady() - start == 1500ms);
    CHECK(clock.wallMs() - wall == 1500);
    clock.advance(1ns);
    CHECK(clock.steady() - start == 1500ms + 1ns);
    CHECK(clock.wallMs() - wall == 1500);
}

TEST_CASE("AWaiterIsWokenWhenItsTimeHasPassed") {
    ManualClock clock;
    Waiting waiting(clock, clock.steady() + 10ms);
    awaitWaiters(clock, 1);
    clock.advance(10ms);
    CHECK(waiting.timedOut());
    CHECK(clock.waiters() == 0);
}

TEST_CASE("AWaiterGoesOnWaitingBeforeItsTime") {
    ManualClock clock;
    Waiting waiting(clock, clock.steady() + 10ms);
    awaitWaiters(clock, 1);
    clock.advance(9ms);
    awaitWaiters(clock, 1);
    clock.advance(1ms);
    CHECK(waiting.timedOut());
}

TEST_CASE("AWaiterIsWokenByANotification") {
    ManualClock clock;
    Waiting waiting(clock, SteadyTime::max());
    awaitWaiters(clock, 1);
    clock.advance(24h * 365);
    awaitWaiters(clock, 1);
    waiting.notify();
    CHECK_FALSE(waiting.timedOut());
}

TEST_CASE("AMomentThatHasPassedIsNotWaitedFor") {
    ManualClock manual;
    SystemClock system;
    Mutex mutex;
    CondVar never;
    MutexLock lock(mutex);
    CHECK_FALSE(manual.waitUntil(never, mutex, manual.steady()));
    CHECK_FALSE(manual.waitUntil(never, mutex, SteadyTime::min()));
    CHECK_FALSE(system.waitUntil(never, mutex, SteadyTime{}));
    CHECK_FALSE(system.waitUntil(never, mutex, SteadyTime{} + 1ns));
}

TEST_CASE("EveryWaiterOfAConditionIsWoken") {
    ManualClock clock;
    Waiting first(clock, clock.steady() + 1ms);
    Waiting second(clock, clock.steady() + 1ms);
    Waiting third(clock, clock.steady() + 2ms);
    awaitWaiters(clock, 3);
    clock.advance(1ms);
    CHECK(first.timedOut());
    CHECK(second.timedOut());
    awaitWaiters(clock, 1);
    clock.advance(1ms);
    CHECK(third.timedOut());
}

TEST_CASE("TheSystemClockIsTheMachines") {
    const SystemClock clock;
    const auto steadyBefore = std::chrono::steady_clock::now();
    const SteadyTime steady = clock.steady();
    CHECK(steady >= steadyBefore);
    CHECK(steady <= std::chrono::steady_clock::now());
    const auto wall = [] {
        return std::chrono::duration_cast<Duration>(
                   std::chrono::system_clock::now().time_since_epoch())
            .count();
    };
    // The wall clock may be set meanwhile; a day is far beyond any correction.
    constexpr std::int64_t kDayMs = 86'400'000;
    CHECK(clock.wallMs() > wall() - kDayMs);
    CHECK(clock.wallMs() < wall() + kDayMs);
}

TEST_CASE("TheSystemClockWakesByTimeAndByNotification") {
    SystemClock clock;
    Waiting timed(clock, clock.steady() + 1ms);
    CHECK(timed.timedOut());
    Waiting unlimited(clock, SteadyTime::max());
    unlimited.notify();
    CHECK_FALSE(unlimited.timedOut());
    Waiting distant(clock, clock.steady() + 24h * 365);
    distant.notify();
    CHECK_FALSE(distant.timedOut());
}

TEST_CASE("CoarseTimeIsNeverFurtherAheadThanItSays") {
    SystemClock clock;
    const CoarseTime coarse = clock.coarse();
    const auto shown = [&] { return std::chrono::nanoseconds(coarse.ns->load()); };
    const std::chrono::nanoseconds begun = shown();
    // As long as the clock's thread needs to move it a few times.
    while (shown() - begun < 20ms) {
        const std::chrono::nanoseconds recent = shown() - coarse.ahead;
        REQUIRE(recent <= clock.steady().time_since_epoch());
        std::this_thread::yield();
    }
    CHECK(coarse.ahead <= 2ms);
}

TEST_CASE("TheCoarseTimeOfAManualClockIsExact") {
    ManualClock clock;
    const CoarseTime coarse = clock.coarse();
    CHECK(coarse.ahead == 0ns);
    clock.advance(1234ms);
    CHECK(std::chrono::nanoseconds(coarse.ns->load()) == clock.steady().time_since_epoch());
}
