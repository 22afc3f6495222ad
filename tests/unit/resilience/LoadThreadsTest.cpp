#include "resilience/LoadThreads.h"

#include <atomic>
#include <latch>
#include <memory>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <pthread.h>

#include "support/CallGate.h"

using namespace oxcache;
using namespace std::chrono_literals;
using oxcache::resilience::LoadThreads;
using oxcache::testing::CallGate;

namespace {

void awaitWaiters(const ManualClock& clock, std::size_t count) {
    while (clock.waiters() != count) std::this_thread::yield();
}

/// While it lives, no thread can be created: its stack would be larger than the address space.
class NoThreads {
public:
    NoThreads() {
        pthread_attr_t huge;
        REQUIRE(pthread_getattr_default_np(&before_) == 0);
        REQUIRE(pthread_getattr_default_np(&huge) == 0);
        REQUIRE(pthread_attr_setstacksize(&huge, std::size_t{1} << 47) == 0);
        REQUIRE(pthread_setattr_default_np(&huge) == 0);
        pthread_attr_destroy(&huge);
    }
    ~NoThreads() {
        pthread_setattr_default_np(&before_);
        pthread_attr_destroy(&before_);
    }
    NoThreads(const NoThreads&) = delete;
    NoThreads& operator=(const NoThreads&) = delete;

private:
    pthread_attr_t before_;
};

}  // namespace

TEST_CASE("ALoadRunsOnAThreadOfItsOwn") {
    ManualClock clock;
    LoadThreads threads(clock, 1);
    std::thread::id where;
    REQUIRE(threads.run([&] { where = std::this_thread::get_id(); }) != nullptr);
    CHECK(threads.stop(Deadline::never()) == 0);
    CHECK(where != std::thread::id());
    CHECK(where != std::this_thread::get_id());
}

TEST_CASE("AbandonedLoadsAreBounded") {
    ManualClock clock;
    LoadThreads threads(clock, 2);
    CallGate gate;
    const auto first = threads.run([&] { gate.pass(); });
    const auto second = threads.run([&] { gate.pass(); });
    const auto third = threads.run([&] { gate.pass(); });
    REQUIRE(first != nullptr);
    REQUIRE(second != nullptr);
    REQUIRE(third != nullptr);
    CHECK(threads.abandoned() == 0);
    first->abandon();
    first->abandon();  // counts once
    CHECK(threads.abandoned() == 1);
    const auto fourth = threads.run([&] { gate.pass(); });
    REQUIRE(fourth != nullptr);
    second->abandon();
    CHECK(threads.abandoned() == 2);
    CHECK(threads.run([&] { gate.pass(); }) == nullptr);
    third->abandon();  // begun before the bound was reached
    CHECK(threads.abandoned() == 3);
    gate.open();
    CHECK(threads.stop(Deadline::never()) == 0);
    CHECK(threads.abandoned() == 0);
}

TEST_CASE("RoomReturnsWhenAbandonedLoadsEnd") {
    ManualClock clock;
    LoadThreads threads(clock, 1);
    CallGate gate;
    const auto hung = threads.run([&] { gate.pass(); });
    hung->abandon();
    CHECK(threads.run([] {}) == nullptr);
    gate.open();
    while (threads.abandoned() != 0) std::this_thread::yield();
    CHECK(threads.run([] {}) != nullptr);
    hung->abandon();  // it has ended: nothing to count
    CHECK(threads.abandoned() == 0);
    CHECK(threads.stop(Deadline::never()) == 0);
}

TEST_CASE("WithABoundOfZeroNothingMayBeAbandonedFirst") {
    ManualClock clock;
    LoadThreads threads(clock, 0);
    bool ran = false;
    CHECK(threads.run([&] { ran = true; }) == nullptr);
    CHECK(threads.stop(Deadline::never()) == 0);
    CHECK_FALSE(ran);
}

TEST_CASE("StopWaitsForWhatRuns") {
    ManualClock clock;
    LoadThreads threads(clock, 1);
    CallGate gate;
    std::atomic<bool> ended{false};
    REQUIRE(threads.run([&] {
        gate.pass();
        ended = true;
    }) != nullptr);
    std::size_t left = 99;
    bool endedBefore = false;
    std::thread stopping([&] {
        left = threads.stop(Deadline::in(clock, 10s));
        endedBefore = ended;
    });
    awaitWaiters(clock, 1);
    gate.open();
    stopping.join();
    CHECK(left == 0);
    CHECK(endedBefore);
}

TEST_CASE("AtItsDeadlineStopTellsHowManyStillRun") {
    ManualClock clock;
    CallGate gate;
    std::atomic<int> ended{0};
    const auto alive = std::make_shared<int>(1);
    {
        LoadThreads threads(clock, 5);
        for (int i = 0; i < 3; ++i)
            REQUIRE(threads.run([&gate, &ended, alive] {
                gate.pass();
                ++ended;
            }) != nullptr);
        std::size_t left = 0;
        std::thread stopping([&] { left = threads.stop(Deadline::in(clock, 10s)); });
        awaitWaiters(clock, 1);
        clock.advance(10s);
        stopping.join();
        CHECK(left == 3);
        CHECK(threads.run([] {}) == nullptr);
        CHECK(threads.stop(Deadline::in(clock, 0s)) == 3);
    }
    // They go on without their owner and keep what they hold.
    CHECK(alive.use_count() == 4);
    gate.open();
    while (alive.use_count() != 1) std::this_thread::yield();
    CHECK(ended == 3);
}

TEST_CASE("NothingRunsAfterStop") {
    ManualClock clock;
    LoadThreads threads(clock, 5);
    CHECK(threads.stop(Deadline::never()) == 0);
    CHECK(threads.run([] { FAIL("it ran"); }) == nullptr);
    CHECK(threads.stop(Deadline::never()) == 0);
}

TEST_CASE("WhatALoadHoldsIsGoneWhenItHasEnded") {
    ManualClock clock;
    for (int round = 0; round < 100; ++round) {
        LoadThreads threads(clock, 5);
        auto held = std::make_shared<int>(round);
        const std::weak_ptr<int> seen = held;
        REQUIRE(threads.run([held = std::move(held)] {}) != nullptr);
        CHECK(threads.stop(Deadline::never()) == 0);
        CHECK(seen.expired());
    }
}

TEST_CASE("AThreadThatCannotBeCreatedIsARefusal") {
    ManualClock clock;
    LoadThreads threads(clock, 5);
    auto held = std::make_shared<int>(1);
    const std::weak_ptr<int> seen = held;
    {
        const NoThreads none;
        CHECK(threads.run([held = std::move(held)] { FAIL("it ran"); }) == nullptr);
    }
    CHECK(seen.expired());  // so that whoever waits for this load is told
    CHECK(threads.abandoned() == 0);
    std::atomic<bool> ran{false};
    CHECK(threads.run([&] { ran = true; }) != nullptr);
    CHECK(threads.stop(Deadline::never()) == 0);
    CHECK(ran);
}

TEST_CASE("AStopIsWokenByALoadThatCouldNotBegin") {
    ManualClock clock;
    LoadThreads threads(clock, 5);
    std::latch noThreads(1);
    CallGate gate;
    bool refused = false;
    // The load that could not begin is destroyed, and waits there, while it still counts as
    // running.
    std::shared_ptr<void> held(nullptr, [&gate](void*) { gate.pass(); });
    std::thread caller([&, held = std::move(held)]() mutable {
        noThreads.wait();
        refused = threads.run([held = std::move(held)] {}) == nullptr;
    });
    std::size_t left = 99;
    std::thread stopping([&] {
        gate.awaitArrivals();
        left = threads.stop(Deadline::never());
    });
    {
        const NoThreads none;
        noThreads.count_down();
        awaitWaiters(clock, 1);
        gate.open();
        caller.join();
    }
    stopping.join();
    CHECK(refused);
    CHECK(left == 0);
}

TEST_CASE("ManyThreadsRunAbandonAndStopAtOnce") {
    SystemClock clock;
    for (int round = 0; round < 20; ++round) {
        std::atomic<int> begun{0};
        std::atomic<int> ended{0};
        LoadThreads threads(clock, 3);
        std::vector<std::thread> callers;
        for (int i = 0; i < 3; ++i)
            callers.emplace_back([&, i] {
                for (int each = 0; each < 10; ++each) {
                    const auto ticket = threads.run([&] { ++ended; });
                    if (ticket == nullptr) continue;
                    ++begun;
                    if (each % 3 == i) ticket->abandon();
                }
            });
        const bool early = round % 2 == 0;
        if (early) CHECK(threads.stop(Deadline::never()) == 0);
        for (std::thread& caller : callers) caller.join();
        CHECK(threads.stop(Deadline::never()) == 0);
        CHECK(begun == ended);
        CHECK(threads.abandoned() == 0);
    }
}
