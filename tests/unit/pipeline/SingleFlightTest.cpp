#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "support/TestService.h"
#include "support/Threads.h"
#include "support/Values.h"

using namespace std::chrono_literals;
using namespace oxcache;
using namespace oxcache::testing;

TEST_CASE("AThousandThreadsOnOneMissingKeyRunOneLoad") {
    for (const bool l2 : {false, true}) {
        CAPTURE(l2);
        TestPlan plan;
        plan.l2 = l2;
        const TestService test(plan);
        const Cache cache = test.cache();
        std::atomic<int> loads{0};
        std::atomic<int> right{0};
        together(1000, [&](int) {
            const int value = cache.getOrLoad<int>(
                "key",
                [&] {
                    ++loads;
                    return 7;
                },
                1min);
            right += value == 7 ? 1 : 0;
        });
        CHECK(loads == 1);
        CHECK(right == 1000);
        const Statistics stats = cache.stats();
        CHECK(stats.loads == 1);
        CHECK(stats.requests == 1000);
        CHECK(stats.requests == stats.hits + stats.misses + stats.stale + stats.errors);
    }
}

TEST_CASE("AnExceptionReachesEveryWaiterAndFreesTheKey") {
    const TestService test;
    const Cache cache = test.cache();
    CallGate gate;
    std::atomic<int> loads{0};
    std::atomic<int> caught{0};
    const auto failing = [&]() -> int {
        ++loads;
        gate.pass();
        throw std::runtime_error("the database burns");
    };
    std::vector<std::thread> callers;
    for (int i = 0; i < 8; ++i)
        callers.emplace_back([&] {
            try {
                (void)cache.getOrLoad<int>("key", failing);
            } catch (const std::runtime_error& error) {
                caught += std::string(error.what()) == "the database burns" ? 1 : 0;
            }
        });
    gate.awaitArrivals();
    awaitWaiters(*test.clock, 7);
    gate.open();
    for (std::thread& caller : callers) caller.join();
    CHECK(loads == 1);
    CHECK(caught == 8);
    CHECK(cache.stats().loadFailures == 1);
    CHECK(cache.stats().errors == 8);
    CHECK(cache.getOrLoad<int>("key", [] { return 3; }) == 3);
}

TEST_CASE("ALeaderThatHangsIsReplacedAndItsLateResultOverwritesNothing") {
    for (const bool l2 : {true, false}) {
        CAPTURE(l2);
        TestPlan plan;
        plan.l2 = l2;
        const TestService test(plan);
        const Cache cache = test.cache();
        CallGate hanging;
        std::thread leader([&] {
            CHECK(cache.getOrLoad<int>("key", [&] {
                hanging.pass();
                return 1;
            }) == 1);
        });
        hanging.awaitArrivals();
        std::thread waiter([&] { CHECK(cache.getOrLoad<int>("key", [] { return 2; }) == 2); });
        awaitWaiters(*test.clock, 1);
        test.pass(30s);
        waiter.join();
        CHECK(cache.get<int>("key") == 2);
        hanging.open();
        leader.join();
        // What the second leader put stands; the first one's value goes to its caller alone.
        CHECK(cache.get<int>("key") == 2);
        if (l2) CHECK(cache.l2().get<int>("key") == 2);
        CHECK(cache.stats().fillsRefused == 1);
    }
}

TEST_CASE("ReadersAfterAnInvalidationNeverJoinTheOlderFlight") {
    for (const bool l2 : {false, true}) {
        CAPTURE(l2);
        TestPlan plan;
        plan.l2 = l2;
        const TestService test(plan);
        const Cache cache = test.cache();
        CallGate old;
        std::thread leader([&] {
            CHECK(cache.getOrLoad<int>("key", [&] {
                old.pass();
                return 1;
            }) == 1);
        });
        old.awaitArrivals();
        cache.remove("key");
        CHECK(cache.getOrLoad<int>("key", [] { return 2; }) == 2);
        old.open();
        leader.join();
        CHECK(cache.get<int>("key") == 2);
    }
}

TEST_CASE("CallsOfTheSameKindShareALoadEvenWhenTheySkipLevels") {
    const TestService test;
    const Cache cache = test.cache();
    CallGate gate;
    std::atomic<int> loads{0};
    EntryOptions options;
    options.skipL2Write = true;
    std::vector<std::thread> callers;
    for (int i = 0; i < 4; ++i)
        callers.emplace_back([&] {
            CHECK(cache.getOrLoad<int>(
                      "key",
                      [&] {
                          ++loads;
                          gate.pass();
                          return 5;
                      },
                      options) == 5);
        });
    gate.awaitArrivals();
    awaitWaiters(*test.clock, 3);
    gate.open();
    for (std::thread& caller : callers) caller.join();
    CHECK(loads == 1);
}

TEST_CASE("ALoadThatJoinedAPlainReadStillRunsItsLoader") {
    TestPlan plan;
    plan.database = std::make_shared<FakeDatabase>();
    plan.database->noRoute("key");
    const TestService test(plan);
    const Cache cache = test.cache();
    const auto gate = std::make_shared<CallGate>();
    plan.database->gateNext(gate);
    std::thread reader([&] { CHECK(cache.lookup<int>("key").outcome == Outcome::Miss); });
    gate->awaitArrivals();
    std::thread loader([&] { CHECK(cache.getOrLoad<int>("key", [] { return 4; }) == 4); });
    awaitWaiters(*test.clock, 1);
    gate->open();
    reader.join();
    loader.join();
    CHECK(cache.get<int>("key") == 4);
}

TEST_CASE("AReaderOfAnotherTypeGetsItsOwnAnswer") {
    const TestService test;
    const Cache cache = test.cache();
    cache.l2().set("key", User{1, "ann"});
    const auto gate = std::make_shared<CallGate>();
    test.store->gateNext(StoreOperation::Get, gate);
    std::thread wrong([&] {
        const Lookup<int> lookup = cache.lookup<int>("key");
        CHECK(lookup.outcome == Outcome::Miss);
        CHECK(lookup.error.code == ErrorCode::TypeMismatch);
    });
    gate->awaitArrivals();
    CHECK(cache.get<User>("key") == User{1, "ann"});
    gate->open();
    wrong.join();
}

TEST_CASE("ALoaderThatIsAskedForAValueDoesNotTakeAnothersNegative") {
    const TestService test;
    const Cache cache = test.cache();
    CallGate gate;
    std::thread negative([&] {
        CHECK(cache.getOrLoad<int>("key", [&]() -> std::optional<int> {
            gate.pass();
            return std::nullopt;
        }) == std::nullopt);
    });
    gate.awaitArrivals();
    std::thread value([&] { CHECK(cache.getOrLoad<int>("key", [] { return 9; }) == 9); });
    awaitWaiters(*test.clock, 1);
    gate.open();
    negative.join();
    value.join();
    CHECK(cache.get<int>("key") == 9);
}

TEST_CASE("ALoadThatReentersItsOwnKeyFailsAtOnce") {
    const TestService test;
    const Cache cache = test.cache();
    for (const bool deadline : {false, true}) {
        CAPTURE(deadline);
        EntryOptions options;
        if (deadline) options.deadline = 1h;
        const auto loader = [&]() -> int {
            return cache.getOrLoad<int>(
                "key", [] { return 1; }, options);
        };
        CHECK_THROWS_AS((void)cache.getOrLoad<int>("key", loader, options), LoaderFailed);
    }
}

TEST_CASE("ALoadThatReentersItsOwnKeyThroughAnotherFailsAtOnce") {
    const TestService test;
    const Cache cache = test.cache();
    EntryOptions options;
    options.deadline = 1h;
    const auto inner = [&]() -> int { return cache.getOrLoad<int>("a", [] { return 1; }); };
    const auto outer = [&]() -> int { return cache.getOrLoad<int>("b", inner, options); };
    CHECK_THROWS_AS((void)cache.getOrLoad<int>("a", outer, options), LoaderFailed);
}

TEST_CASE("ANestedLoadOfAnotherKeyRunsOnTheThreadItIsOn") {
    const TestService test;
    const Cache cache = test.cache();
    EntryOptions options;
    options.deadline = 1h;
    const int value = cache.getOrLoad<int>(
        "outer",
        [&] {
            const auto here = std::this_thread::get_id();
            const int inner = cache.getOrLoad<int>(
                "inner",
                [&] {
                    CHECK(std::this_thread::get_id() == here);
                    return 20;
                },
                options);
            return inner + 1;
        },
        options);
    CHECK(value == 21);
    CHECK(cache.get<int>("inner") == 20);
}
