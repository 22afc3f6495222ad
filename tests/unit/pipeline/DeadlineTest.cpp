#include <memory>
#include <string>
#include <thread>

#include <doctest/doctest.h>

#include "support/TestService.h"
#include "support/Threads.h"
#include "support/Values.h"

using namespace std::chrono_literals;
using namespace oxcache;
using namespace oxcache::testing;

namespace {

EntryOptions within(Duration deadline) {
    EntryOptions options;
    options.deadline = deadline;
    return options;
}

/// Waits for a state that another thread brings about.
template <class F>
void eventually(F reached) {
    while (!reached()) std::this_thread::yield();
}

}  // namespace

TEST_CASE("EachWaiterHasItsOwnDeadline") {
    const TestService test;
    const Cache cache = test.cache();
    CallGate loading;
    Joined leader([&] {
        CHECK(cache.getOrLoad<int>("key", [&] {
            loading.pass();
            return 1;
        }) == 1);
    });
    loading.awaitArrivals();
    const auto never = []() -> int { throw std::logic_error("joined, so not called"); };
    Joined impatient([&] {
        CHECK_THROWS_AS((void)cache.getOrLoad<int>("key", never, within(1s)), LoadTimeout);
    });
    Joined patient([&] { CHECK(cache.getOrLoad<int>("key", never, within(10s)) == 1); });
    awaitWaiters(*test.clock, 2);
    test.pass(1s);
    impatient.join();
    loading.open();
    leader.join();
    patient.join();
    CHECK(cache.stats().loads == 1);
    CHECK(cache.stats().errors == 1);
}

TEST_CASE("WithoutADeadlineTheLoaderRunsOnTheCallersThread") {
    const TestService test;
    std::thread::id ran;
    (void)test.cache().getOrLoad<int>("key", [&] {
        ran = std::this_thread::get_id();
        return 1;
    });
    CHECK(ran == std::this_thread::get_id());
}

TEST_CASE("WithADeadlineTheLoaderRunsOnAThreadOfTheCache") {
    const TestService test;
    std::thread::id ran;
    CHECK(test.cache().getOrLoad<int>(
              "key",
              [&] {
                  ran = std::this_thread::get_id();
                  return 1;
              },
              within(1s)) == 1);
    CHECK(ran != std::this_thread::get_id());
}

TEST_CASE("ALoadGoesOnAfterItsCallerLeftAndOwnsWhatItNeeds") {
    const TestService test;
    const Cache cache = test.cache();
    const auto loading = std::make_shared<CallGate>();
    const auto token = std::make_shared<int>(42);
    const std::weak_ptr<int> watched = token;
    {
        // The caller's stack is gone when the loader goes on.
        Joined caller([cache, loading, token] {
            std::string key = "key";
            EntryOptions options = within(1s);
            CHECK_THROWS_AS((void)cache.getOrLoad<int>(
                                key,
                                [loading, held = token] {
                                    loading->pass();
                                    return *held;
                                },
                                options),
                            LoadTimeout);
        });
        loading->awaitArrivals();
        awaitWaiters(*test.clock, 1);
        test.pass(1s);
    }
    loading->open();
    eventually([&] { return cache.get<int>("key").has_value(); });
    CHECK(cache.get<int>("key") == 42);
    test.service->close(Deadline::never());
    CHECK(watched.use_count() == 1);
}

TEST_CASE("ALookupThatTimesOutSaysSo") {
    const TestService test;
    const Cache cache = test.cache();
    CallGate loading;
    {
        const Joined caller([&] {
            const Lookup<int> lookup = cache.lookupOrLoad<int>(
                "key",
                [&] {
                    loading.pass();
                    return 1;
                },
                within(1s));
            CHECK(lookup.outcome == Outcome::Error);
            CHECK(lookup.error.code == ErrorCode::Timeout);
            CHECK_FALSE(lookup.value);
        });
        loading.awaitArrivals();
        awaitWaiters(*test.clock, 1);
        test.pass(1s);
    }
    loading.open();
    test.service->close(Deadline::never());
}

TEST_CASE("AValueInL2IsFoundWithinADeadlineWithoutAThread") {
    const TestService test(with([](auto& settings) { settings.maxAbandoned = 1; }));
    const Cache cache = test.cache();
    cache.l2().set("key", 5);
    CallGate loading;
    {
        const Joined caller([&] {
            CHECK_THROWS_AS((void)cache.getOrLoad<int>(
                                "slow",
                                [&] {
                                    loading.pass();
                                    return 1;
                                },
                                within(1s)),
                            LoadTimeout);
        });
        loading.awaitArrivals();
        awaitWaiters(*test.clock, 1);
        test.pass(1s);
    }
    // No load may begin now, but none is needed.
    CHECK(cache.getOrLoad<int>(
              "key", [] { return 6; }, within(1s)) == 5);
    loading.open();
    test.service->close(Deadline::never());
}

TEST_CASE("BeyondMaxAbandonedLoadsAreRefusedAsOverloaded") {
    const TestService test(with([](auto& settings) { settings.maxAbandoned = 2; }));
    const Cache cache = test.cache();
    CallGate loading;
    const auto slow = [&] {
        loading.pass();
        return 1;
    };
    for (std::size_t i = 1; i <= 2; ++i) {
        const std::string key = "slow" + std::to_string(i);
        const Joined caller([&] {
            CHECK_THROWS_AS((void)cache.getOrLoad<int>(key, slow, within(1s)), LoadTimeout);
        });
        loading.awaitArrivals(i);
        awaitWaiters(*test.clock, 1);
        test.pass(1s);
    }
    CHECK_THROWS_AS((void)cache.getOrLoad<int>(
                        "key", [] { return 1; }, within(1s)),
                    Overloaded);
    const Lookup<int> lookup = cache.lookupOrLoad<int>(
        "key", [] { return 1; }, within(1s));
    CHECK(lookup.outcome == Outcome::Error);
    CHECK(lookup.error.code == ErrorCode::Overloaded);
    // Without a deadline nothing can be abandoned.
    CHECK(cache.getOrLoad<int>("key", [] { return 1; }) == 1);
    loading.open();
    eventually([&] {
        return cache
                   .lookupOrLoad<int>(
                       "later", [] { return 2; }, within(1s))
                   .value == 2;
    });
    const Statistics stats = cache.stats();
    CHECK(stats.requests == stats.hits + stats.misses + stats.stale + stats.errors);
}

TEST_CASE("ADeadlineThatHasPassedStartsNoLoad") {
    const TestService test;
    bool called = false;
    CHECK_THROWS_AS((void)test.cache().getOrLoad<int>(
                        "key",
                        [&] {
                            called = true;
                            return 1;
                        },
                        within(0s)),
                    LoadTimeout);
    CHECK_FALSE(called);
    CHECK(test.cache().getOrLoad<int>("key", [] { return 2; }) == 2);
}

TEST_CASE("AReaderIsNotHeldToTheDeadlineOfTheOneItJoined") {
    const TestService test;
    const Cache cache = test.cache();
    cache.l2().set("key", 5);
    const auto gate = std::make_shared<CallGate>();
    test.store->gateNext(StoreOperation::Get, gate);
    ReadOptions hasty;
    hasty.deadline = 100ms;
    Joined first([&] { CHECK(cache.lookup<int>("key", hasty).outcome == Outcome::Unavailable); });
    gate->awaitArrivals();
    Joined second([&] { CHECK(cache.lookup<int>("key").value == 5); });
    awaitWaiters(*test.clock, 1);
    test.pass(200ms);
    gate->open();
    first.join();
    second.join();
}

TEST_CASE("TheServicesDeadlineBoundsEachQuestionToAStore") {
    const TestService test(with([](auto& settings) { settings.deadline = 300ms; }));
    const Cache cache = test.cache();
    cache.l2().set("key", 5);
    const auto gate = std::make_shared<CallGate>();
    test.store->gateNext(StoreOperation::Get, gate);
    const Joined reader([&] {
        const Lookup<int> lookup = cache.lookup<int>("key");
        CHECK(lookup.outcome == Outcome::Unavailable);
        CHECK(lookup.error.code == ErrorCode::Timeout);
    });
    gate->awaitArrivals();
    test.pass(300ms);
    gate->open();
}

TEST_CASE("TheDeadlineOfACallReachesTheFallback") {
    TestPlan plan;
    plan.database = std::make_shared<FakeDatabase>();
    plan.database->put("key", "5");
    const TestService test(plan);
    const auto gate = std::make_shared<CallGate>();
    plan.database->gateNext(gate);
    ReadOptions hasty;
    hasty.deadline = 100ms;
    const Joined reader([&] {
        const Lookup<int> lookup = test.cache().lookup<int>("key", hasty);
        CHECK(lookup.outcome == Outcome::Unavailable);
        CHECK(lookup.error.code == ErrorCode::Timeout);
    });
    gate->awaitArrivals();
    test.pass(100ms);
    gate->open();
}

TEST_CASE("ABatchWithADeadlineAnswersWhatItHasAndTimesOutForTheRest") {
    const TestService test;
    const Cache cache = test.cache();
    cache.set("near", 1);
    cache.l2().set("far", 2);
    CallGate loading;
    {
        const Joined caller([&] {
            const auto lookups = cache.getOrLoadMany<int>(
                {"missing", "near", "far"},
                [&](const std::vector<std::string>& keys) {
                    loading.pass();
                    return std::vector<std::optional<int>>(keys.size(), 3);
                },
                within(1s));
            CHECK(lookups[0].error.code == ErrorCode::Timeout);
            CHECK(lookups[1].value == 1);
            CHECK(lookups[2].value == 2);
            CHECK(lookups[2].level == Level::L2);
        });
        loading.awaitArrivals();
        awaitWaiters(*test.clock, 1);
        test.pass(1s);
    }
    loading.open();
    eventually([&] { return cache.get<int>("missing") == 3; });
}

TEST_CASE("ALoadThatThrowsAfterItsCallerLeftIsCounted") {
    const TestService test;
    const Cache cache = test.cache();
    CallGate loading;
    {
        const Joined caller([&] {
            CHECK_THROWS_AS((void)cache.getOrLoad<int>(
                                "key",
                                [&]() -> int {
                                    loading.pass();
                                    throw std::runtime_error("nobody listens");
                                },
                                within(1s)),
                            LoadTimeout);
        });
        loading.awaitArrivals();
        awaitWaiters(*test.clock, 1);
        test.pass(1s);
    }
    loading.open();
    test.service->close(Deadline::never());
    CHECK(cache.stats().loadFailures == 1);
}
