#pragma once

#include <atomic>
#include <latch>
#include <thread>
#include <utility>
#include <vector>

#include "oxcache/base/Clock.h"

namespace oxcache::testing {

/// Runs `work(i)` on `count` threads that begin together, and waits for all.
template <class F>
void together(int count, F work) {
    std::latch begin(count);
    std::vector<std::thread> threads;
    for (int i = 0; i < count; ++i)
        threads.emplace_back([&, i] {
            begin.arrive_and_wait();
            work(i);
        });
    for (std::thread& thread : threads) thread.join();
}

/// Returns when `count` threads wait on the clock: for a flight, a deadline, a poll.
inline void awaitWaiters(const ManualClock& clock, std::size_t count) {
    while (clock.waiters() < count) std::this_thread::yield();
}

/// A thread that is joined at the end of its scope.
class Joined {
public:
    template <class F>
    explicit Joined(F work) : thread_(std::move(work)) {}
    ~Joined() { join(); }
    Joined(const Joined&) = delete;
    Joined& operator=(const Joined&) = delete;
    void join() {
        if (thread_.joinable()) thread_.join();
    }

private:
    std::thread thread_;
};

/// Sets a flag at the end of its scope, however that comes: declared behind threads that run until
/// then, so that a check that throws does not leave them running.
class EndOf {
public:
    explicit EndOf(std::atomic<bool>& flag) : flag_(flag) {}
    ~EndOf() { flag_ = true; }
    EndOf(const EndOf&) = delete;
    EndOf& operator=(const EndOf&) = delete;

private:
    std::atomic<bool>& flag_;
};

}  // namespace oxcache::testing
