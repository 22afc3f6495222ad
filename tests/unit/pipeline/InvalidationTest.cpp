#include <atomic>
#include <functional>
#include <optional>

#include <doctest/doctest.h>

#include "support/Eventually.h"
#include "support/TestService.h"
#include "support/Threads.h"
#include "support/Values.h"

using namespace std::chrono_literals;
using namespace oxcache;
using namespace oxcache::testing;

namespace {

struct Change {
    const char* what;
    std::function<void(const Cache&)> make;
    /// What get() finds when change and load are over.
    std::optional<int> after;
};

const std::vector<Change>& changes() {
    static const std::vector<Change> kChanges{
        {"remove", [](const Cache& cache) { cache.remove("key"); }, std::nullopt},
        {"set", [](const Cache& cache) { cache.set("key", 2); }, 2},
        {"set through l2()", [](const Cache& cache) { cache.l2().set("key", 3); }, 3},
        {"set for no time", [](const Cache& cache) { cache.set("key", 4, 0s); }, std::nullopt},
        {"expire", [](const Cache& cache) { cache.expire("key"); }, std::nullopt},
        {"clear", [](const Cache& cache) { cache.clear(); }, std::nullopt},
        {"clear by expiring", [](const Cache& cache) { cache.clear(ClearMode::Expire); },
         std::nullopt},
    };
    return kChanges;
}

/// The change is made while the loader runs.
void duringALoad(const TestService& test, const Change& change) {
    CAPTURE(change.what);
    const Cache cache = test.cache();
    CallGate loading;
    {
        const Joined load([&] {
            CHECK(cache.getOrLoad<int>("key", [&] {
                loading.pass();
                return 1;
            }) == 1);
        });
        loading.awaitArrivals();
        change.make(cache);
        loading.open();
    }
    CHECK(cache.l1().get<int>("key").value_or(0) != 1);
    CHECK(cache.get<int>("key") == change.after);
}

}  // namespace

TEST_CASE("AChangeDuringALoadRefusesTheFillInBothLevels") {
    for (const Change& change : changes()) {
        const TestService test;
        duringALoad(test, change);
        CHECK(test.cache().l2().get<int>("key") == change.after);
        CHECK(test.cache().stats().fillsRefused == 1);
    }
}

TEST_CASE("AChangeDuringALoadRefusesTheFillWhereL1IsAlone") {
    for (const Change& change : changes()) {
        if (std::string_view(change.what) == "set through l2()") continue;
        const TestService test(onlyL1());
        duringALoad(test, change);
    }
}

TEST_CASE("AChangeByAnotherProcessDuringALoadRefusesTheFillInBothLevels") {
    for (const Change& change : changes()) {
        CAPTURE(change.what);
        const TestService mine;
        TestPlan plan;
        plan.origin = 2;
        const TestService other(plan, mine.clock, mine.backend);
        const Cache cache = mine.cache();
        CallGate loading;
        {
            const Joined load([&] {
                CHECK(cache.getOrLoad<int>("key", [&] {
                    loading.pass();
                    return 1;
                }) == 1);
            });
            loading.awaitArrivals();
            change.make(other.cache());
            loading.open();
        }
        mine.bus->awaitHeard();
        CHECK(cache.l1().get<int>("key") == std::nullopt);
        CHECK(cache.get<int>("key") == change.after);
    }
}

TEST_CASE("AStrangersDeleteDuringALoadRefusesTheFill") {
    const TestService test;
    const Cache cache = test.cache();
    CHECK(cache.getOrLoad<int>("key", [&] {
        test.backend->erase(test.at("key"));
        return 1;
    }) == 1);
    CHECK(cache.l1().exists("key") == false);
    CHECK(cache.l2().exists("key") == false);
    CHECK(cache.stats().fillsRefused == 1);
}

TEST_CASE("APromotionOvertakenByASetIsNotKept") {
    const TestService test;
    const Cache cache = test.cache();
    cache.l2().set("key", 1);
    const auto gate = std::make_shared<CallGate>();
    test.store->gateNextAnswer(StoreOperation::Get, gate);
    {
        // It has read the old value when the set comes; its caller gets it, nobody else.
        const Joined reader([&] { CHECK(cache.get<int>("key") == 1); });
        gate->awaitArrivals();
        cache.set("key", 2);
        gate->open();
    }
    CHECK(cache.l1().get<int>("key") == 2);
    CHECK(cache.get<int>("key") == 2);
}

TEST_CASE("WhoComesAfterAGapDoesNotJoinAReadFromBeforeIt") {
    const TestService mine;
    TestPlan plan;
    plan.origin = 2;
    const TestService other(plan, mine.clock, mine.backend);
    other.cache().set("key", 1);
    mine.bus->awaitHeard();
    (void)mine.cache().get<int>("another");  // the markers are known
    const auto gate = std::make_shared<CallGate>();
    mine.store->gateNextAnswer(StoreOperation::Get, gate);
    {
        const Joined before([&] { CHECK(mine.cache().get<int>("key") == 1); });
        gate->awaitArrivals();
        mine.bus->loseNext(1);
        other.cache().clear();
        mine.bus->gap();
        mine.bus->awaitHeard();
        std::atomic<bool> answered{false};
        const Joined after([&] {
            CHECK(mine.cache().get<int>("key") == std::nullopt);
            answered = true;
        });
        CHECK(eventually([&] { return answered.load(); }));
        gate->open();
    }
    CHECK(mine.cache().stats().joined == 0);
}

TEST_CASE("ASetInTheLoaderOfItsKeyWins") {
    const TestService test;
    const Cache cache = test.cache();
    CHECK(cache.getOrLoad<int>("key", [&] {
        cache.set("key", 2);
        return 1;
    }) == 1);
    CHECK(cache.get<int>("key") == 2);
}

TEST_CASE("TwoSetsAtOnceLeaveInL1WhatL2HoldsOrNothing") {
    const TestService test;
    const Cache cache = test.cache();
    const auto gate = std::make_shared<CallGate>();
    cache.set("other", 0);  // the markers are known
    test.store->gateNext(StoreOperation::Put, gate);
    {
        const Joined first([&] { cache.set("key", 1); });
        gate->awaitArrivals();
        cache.set("key", 2);  // its L2 write comes first
        gate->open();
    }
    CHECK(cache.l2().get<int>("key") == 1);
    CHECK(cache.l1().get<int>("key").value_or(1) == 1);
    CHECK(cache.get<int>("key") == 1);
}

TEST_CASE("ASetThatCannotBeStoredRemovesTheOldValue") {
    const TestService test(with([](auto& settings) { settings.maxValueSize = 100; }));
    const Cache cache = test.cache();
    cache.set("key", std::string("small"));
    const WriteReceipt receipt = cache.set("key", std::string(101, 'x'));
    CHECK(receipt.status == WriteStatus::Rejected);
    CHECK(receipt.error.code == ErrorCode::ValueTooLarge);
    CHECK(cache.lookup<std::string>("key").outcome == Outcome::Miss);
    CHECK(cache.set("key", std::string(100, 'x')).status == WriteStatus::Stored);
}

TEST_CASE("ASetThatL2RefusesForGoodRemovesTheOldValue") {
    const TestService test;
    const Cache cache = test.cache();
    cache.set("key", std::string("small"));
    test.backend->limitSize(1000);
    const WriteReceipt receipt = cache.set("key", std::string(2000, 'x'));
    CHECK(receipt.status == WriteStatus::Rejected);
    CHECK(receipt.error.code == ErrorCode::ValueTooLarge);
    CHECK(cache.lookup<std::string>("key").outcome == Outcome::Miss);
}

TEST_CASE("ASetLargerThanL1WhereL1IsAloneRemovesTheOldValue") {
    TestPlan plan = onlyL1();
    plan.change = [](runtime::ServicePlan& made) { made.memory.maxBytes = 4096; };
    const TestService test(plan);
    const Cache cache = test.cache();
    cache.set("key", std::string("small"));
    const WriteReceipt receipt = cache.set("key", std::string(8000, 'x'));
    CHECK(receipt.status == WriteStatus::Rejected);
    CHECK(receipt.error.code == ErrorCode::ValueTooLarge);
    CHECK(cache.get<std::string>("key") == std::nullopt);
}

TEST_CASE("ALoadedValueThatIsTooLargeGoesToItsCallerAndIsNotKept") {
    for (const bool l2 : {false, true}) {
        TestPlan plan;
        plan.l2 = l2;
        const TestService test(with([](auto& settings) { settings.maxValueSize = 100; }, plan));
        const Cache cache = test.cache();
        std::string large(101, 'x');
        CHECK(cache.getOrLoad<std::string>("key", [&] { return large; }) == large);
        const Lookup<std::string> loaded =
            cache.lookupOrLoad<std::string>("key", [&] { return large; });
        CHECK(loaded.value == large);
        CHECK(loaded.level == Level::Loader);
        CHECK(loaded.error.code == ErrorCode::ValueTooLarge);
        CHECK(cache.exists("key") == false);
    }
}

TEST_CASE("WhoMakesTheMarkersOfClearsKeepsItsL1") {
    TestPlan plan;
    plan.origin = 7;
    const TestService service(plan);
    const Cache cache = service.cache();
    service.bus->hold();
    cache.set("k", 1);  // the first: the markers are made
    service.bus->release();
    service.bus->awaitHeard();
    CHECK(cache.l1().get<int>("k") == 1);
}

TEST_CASE("WhoMakesLostMarkersAnewEmptiesItsL1LikeEverybody") {
    TestPlan plan;
    plan.origin = 7;
    const TestService a(plan);
    plan.origin = 8;
    const TestService b(plan, a.clock, a.backend);
    for (const TestService* each : {&a, &b}) {
        (void)each->cache().getOrLoad<int>("k", [] { return 1; });
        a.bus->awaitHeard();
        b.bus->awaitHeard();
        REQUIRE(each->cache().l1().get<int>("k") == 1);
    }
    a.backend->clear();
    a.service->keepHouse(true);
    (void)a.cache().get<int>("another");  // makes them
    for (const TestService* each : {&a, &b}) {
        each->bus->awaitHeard();
        CHECK_FALSE(each->cache().l1().get<int>("k"));
    }
}
