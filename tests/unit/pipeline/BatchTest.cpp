#include <algorithm>
#include <atomic>
#include <mutex>
#include <stdexcept>

#include <doctest/doctest.h>

#include "support/TestService.h"
#include "support/Threads.h"
#include "support/Values.h"

using namespace std::chrono_literals;
using namespace oxcache;
using namespace oxcache::testing;

namespace {

using Keys = std::vector<std::string>;
using Values = std::vector<std::optional<int>>;

/// Gives each key the number of its letters, and notes what it was asked.
struct Loading {
    std::vector<Keys> asked;
    Values operator()(const Keys& keys) {
        asked.push_back(keys);
        Values values;
        for (const std::string& key : keys) values.push_back(static_cast<int>(key.size()));
        return values;
    }
};

}  // namespace

TEST_CASE("ABatchAnswersInTheOrderOfItsKeysEachWithItsOwnOutcome") {
    const TestService test(with([](auto& settings) { settings.maxKeyLength = 10; }));
    const Cache cache = test.cache();
    cache.set("near", 1);
    cache.l2().set("far", 2);
    Loading loading;
    const auto lookups = cache.getOrLoadMany<int>(
        {"four", "far", "", "near", std::string(11, 'k'), "absent"}, [&](const Keys& keys) {
            Values values = loading(keys);
            values.back() = std::nullopt;
            return values;
        });
    REQUIRE(lookups.size() == 6);
    CHECK(lookups[0].value == 4);
    CHECK(lookups[0].level == Level::Loader);
    CHECK(lookups[1].value == 2);
    CHECK(lookups[1].level == Level::L2);
    CHECK(lookups[2].outcome == Outcome::Error);
    CHECK(lookups[2].error.code == ErrorCode::InvalidKey);
    CHECK(lookups[3].value == 1);
    CHECK(lookups[3].level == Level::L1);
    CHECK(lookups[4].error.code == ErrorCode::InvalidKey);
    CHECK(lookups[5].outcome == Outcome::Hit);
    CHECK_FALSE(lookups[5].value);
    CHECK(loading.asked == std::vector<Keys>{{"four", "absent"}});
    const Statistics stats = cache.stats();
    CHECK(stats.requests == 6);
    CHECK(stats.hits == 2);
    CHECK(stats.misses == 2);
    CHECK(stats.errors == 2);
    CHECK(stats.negatives == 1);
}

TEST_CASE("AKeyThatStandsTwiceInABatchIsLoadedOnce") {
    for (const bool skips : {false, true}) {
        CAPTURE(skips);
        const TestService test;
        const Cache cache = test.cache();
        EntryOptions options;
        options.skipL2Read = skips;
        Loading loading;
        const auto lookups = cache.getOrLoadMany<int>(
            {"a", "bb", "a", "a"}, [&](const Keys& keys) { return loading(keys); }, options);
        CHECK(loading.asked == std::vector<Keys>{{"a", "bb"}});
        for (const std::size_t i : {0U, 2U, 3U}) CHECK(lookups[i].value == 1);
        CHECK(lookups[1].value == 2);
        CHECK(cache.l2().get<int>("a") == 1);
    }
}

TEST_CASE("AnEmptyBatchIsAnsweredEmpty") {
    const TestService test;
    Loading loading;
    const auto load = [&](const Keys& keys) { return loading(keys); };
    CHECK(test.cache().getOrLoadMany<int>({}, load).empty());
    CHECK(test.cache().getMany<int>({}).empty());
    CHECK(test.cache().removeMany({}).empty());
    CHECK(test.cache().setMany(std::vector<std::pair<std::string, int>>{}).empty());
    CHECK(loading.asked.empty());
}

TEST_CASE("ABatchLoaderThatGivesTheWrongNumberFailsWhatItWasAsked") {
    const TestService test;
    const Cache cache = test.cache();
    cache.set("near", 1);
    for (const std::size_t given : {0U, 1U, 3U}) {
        const auto lookups = cache.getOrLoadMany<int>(
            {"a", "near", "b"}, [&](const Keys&) { return Values(given, 9); });
        for (const std::size_t i : {0U, 2U}) {
            CHECK(lookups[i].outcome == Outcome::Error);
            CHECK(lookups[i].error.code == ErrorCode::LoaderFailed);
            CHECK(lookups[i].error.message.find("2 keys") != std::string::npos);
        }
        CHECK(lookups[1].value == 1);
    }
    CHECK(cache.get<int>("a") == std::nullopt);
    CHECK(cache.getOrLoad<int>("a", [] { return 5; }) == 5);
}

TEST_CASE("ABatchLoaderThatThrowsFailsWhatItWasAskedAndFreesTheKeys") {
    const TestService test;
    const Cache cache = test.cache();
    const auto lookups = cache.getOrLoadMany<int>(
        {"a", "b"}, [](const Keys&) -> Values { throw std::runtime_error("the database burns"); });
    for (const Lookup<int>& lookup : lookups) {
        CHECK(lookup.outcome == Outcome::Error);
        CHECK(lookup.error.message == "the database burns");
    }
    Loading loading;
    CHECK(
        cache.getOrLoadMany<int>({"b"}, [&](const Keys& keys) { return loading(keys); })[0].value ==
        1);
}

TEST_CASE("ABatchAndASingleLoadShareTheFlightOfAKey") {
    const TestService test;
    const Cache cache = test.cache();
    CallGate single;
    CallGate batch;
    Joined one([&] {
        CHECK(cache.getOrLoad<int>("single", [&] {
            single.pass();
            return 1;
        }) == 1);
    });
    single.awaitArrivals();
    Joined many([&] {
        const auto lookups = cache.getOrLoadMany<int>({"single", "batch"}, [&](const Keys& keys) {
            CHECK(keys == Keys{"batch"});
            batch.pass();
            return Values{2};
        });
        CHECK(lookups[0].value == 1);
        CHECK(lookups[1].value == 2);
    });
    batch.awaitArrivals();
    Joined joins([&] {
        CHECK(cache.getOrLoad<int>("batch", []() -> int { throw std::logic_error("joined"); }) ==
              2);
    });
    awaitWaiters(*test.clock, 1);
    // The batch settles what it leads before it waits for the other.
    batch.open();
    joins.join();
    single.open();
    one.join();
    many.join();
    CHECK(cache.stats().loads == 2);
}

TEST_CASE("TwoBatchesInOppositeOrderDoNotWaitForEachOther") {
    const TestService test;
    const Cache cache = test.cache();
    std::atomic<int> loads{0};
    for (int round = 0; round < 200; ++round) {
        const std::string a = "a" + std::to_string(round);
        const std::string b = "b" + std::to_string(round);
        together(2, [&](int thread) {
            const Keys keys = thread == 0 ? Keys{a, b} : Keys{b, a};
            const auto lookups = cache.getOrLoadMany<int>(keys, [&](const Keys& asked) {
                loads += static_cast<int>(asked.size());
                return Values(asked.size(), 1);
            });
            for (const Lookup<int>& lookup : lookups) CHECK(lookup.value == 1);
        });
    }
    CHECK(loads == 400);
}

TEST_CASE("ABatchLoaderThatAsksForOneOfItsKeysFailsThatQuestionAtOnce") {
    const TestService test;
    const Cache cache = test.cache();
    const auto lookups = cache.getOrLoadMany<int>({"a", "b"}, [&](const Keys& keys) {
        CHECK_THROWS_AS((void)cache.getOrLoad<int>("b", [] { return 1; }), LoaderFailed);
        CHECK(cache.getOrLoad<int>("c", [] { return 3; }) == 3);
        return Values(keys.size(), 2);
    });
    CHECK(lookups[0].value == 2);
    CHECK(lookups[1].value == 2);
}

TEST_CASE("ABatchAsksL2AndTheFallbackOnceForAllItsKeys") {
    TestPlan plan;
    plan.database = std::make_shared<FakeDatabase>();
    plan.database->put("a", "1");
    plan.database->put("b", "2");
    const TestService test(plan);
    const Cache cache = test.cache();
    (void)cache.get<int>("warm");  // the markers are known
    test.store->forgetCalls();
    const auto before = plan.database->calls().size();
    const auto lookups = cache.getMany<int>({"a", "b", "c"});
    CHECK(lookups[0].value == 1);
    CHECK(lookups[1].value == 2);
    CHECK(lookups[2].outcome == Outcome::Hit);
    CHECK_FALSE(lookups[2].value);
    CHECK(plan.database->calls().size() == before + 1);
    CHECK(test.store->count(StoreOperation::Get) == 1);
    CHECK(test.store->count(StoreOperation::Lease) == 1);
    CHECK(test.store->count(StoreOperation::Put) == 1);
}

TEST_CASE("SetManyAndRemoveManyAnswerPerKey") {
    const TestService test(with([](auto& settings) { settings.maxValueSize = 10; }));
    const Cache cache = test.cache();
    const auto set = cache.setMany(std::vector<std::pair<std::string, std::string>>{
        {"a", "1"}, {"", "2"}, {"b", std::string(11, 'x')}, {"c", "3"}});
    REQUIRE(set.size() == 4);
    CHECK(set[0].status == WriteStatus::Stored);
    CHECK(set[1].error.code == ErrorCode::InvalidKey);
    CHECK(set[2].error.code == ErrorCode::ValueTooLarge);
    CHECK(set[3].status == WriteStatus::Stored);
    CHECK(set[0].version != set[3].version);
    CHECK(cache.get<std::string>("a") == "1");
    CHECK(cache.get<std::string>("b") == std::nullopt);
    CHECK(cache.get<std::string>("c") == "3");
    const auto removed = cache.removeMany({"c", "", "a"});
    REQUIRE(removed.size() == 3);
    CHECK(removed[0].status == WriteStatus::Stored);
    CHECK(removed[1].error.code == ErrorCode::InvalidKey);
    CHECK(removed[2].status == WriteStatus::Stored);
    for (const Lookup<std::string>& lookup : cache.getMany<std::string>({"a", "c"}))
        CHECK(lookup.outcome == Outcome::Miss);
}

TEST_CASE("SetManyStoresTheLastOfTwoValuesForOneKey") {
    for (const bool l2 : {false, true}) {
        CAPTURE(l2);
        TestPlan plan;
        plan.l2 = l2;
        const TestService test(plan);
        const Cache cache = test.cache();
        cache.setMany(std::vector<std::pair<std::string, int>>{{"a", 1}, {"b", 5}, {"a", 2}}, 1min);
        CHECK(cache.get<int>("a") == 2);
        CHECK(cache.get<int>("b") == 5);
    }
}
