#include <atomic>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "oxcache/base/Clock.h"

using namespace oxcache;
using namespace std::chrono_literals;

// Each round moves the clock exactly once, whatever the waiters are about to do; one that missed
// the move would wait for ever.
TEST_CASE("NoWaiterMissesTheMoveThatEndsItsWait") {
    constexpr int kWaiters = 4;
    constexpr int kRounds = 2'000;
    ManualClock clock;
    const SteadyTime start = clock.steady();
    std::atomic<int> arrived{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < kWaiters; ++i) {
        threads.emplace_back([&] {
            for (int round = 1; round <= kRounds; ++round) {
                Mutex mutex;
                CondVar changed;
                {
                    MutexLock lock(mutex);
                    while (clock.waitUntil(changed, mutex, start + round * 1ms)) {
                    }
                }
                arrived.fetch_add(1);
                arrived.notify_all();
            }
        });
    }
    for (int round = 1; round <= kRounds; ++round) {
        clock.advance(1ms);
        for (int now = arrived; now < round * kWaiters; now = arrived) arrived.wait(now);
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(clock.waiters() == 0);
    CHECK(clock.steady() == start + kRounds * 1ms);
}

// Conditions and mutexes live on the waiters' stacks and go as soon as the wait is over, by
// whatever reason: neither clock may touch them afterwards.
TEST_CASE("NothingOfAWaiterIsTouchedAfterItsWait") {
    ManualClock clock;
    std::atomic<bool> done{false};
    std::vector<std::thread> movers;
    for (int i = 0; i < 2; ++i)
        movers.emplace_back([&] {
            while (!done) clock.advance(100us);
        });
    std::vector<std::thread> waiters;
    for (int i = 0; i < 2; ++i)
        waiters.emplace_back([&] {
            for (int round = 0; round < 1'000; ++round) {
                struct Own {
                    Mutex mutex;
                    CondVar changed;
                    bool notified OXCACHE_GUARDED_BY(mutex) = false;
                };
                auto own = std::make_unique<Own>();
                std::thread notifier([&own = *own] {
                    MutexLock lock(own.mutex);
                    own.notified = true;
                    own.changed.notifyAll();
                });
                {
                    MutexLock lock(own->mutex);
                    const SteadyTime until = clock.steady() + 200us;
                    while (!own->notified && clock.waitUntil(own->changed, own->mutex, until)) {
                    }
                }
                notifier.join();
                own.reset();
            }
        });
    for (std::thread& thread : waiters) thread.join();
    done = true;
    for (std::thread& thread : movers) thread.join();
    CHECK(clock.waiters() == 0);
}
