#include <doctest/doctest.h>

#include "oxcache/base/Envelope.h"
#include "support/TestService.h"
#include "support/Values.h"

using namespace std::chrono_literals;
using namespace oxcache;
using namespace oxcache::testing;

namespace {

int one() { return 1; }
int two() { return 2; }
std::optional<int> absent() { return std::nullopt; }

EntryOptions options(std::optional<Duration> ttl = {}) {
    EntryOptions made;
    made.ttl = ttl;
    return made;
}

}  // namespace

TEST_CASE("AnEntryLivesAsLongAsItsTtl") {
    for (const bool l2 : {false, true}) {
        CAPTURE(l2);
        TestPlan plan;
        plan.l2 = l2;
        const TestService test(plan);
        const Cache cache = test.cache();
        cache.set("set", 1, 10s);
        CHECK(cache.getOrLoad<int>("loaded", one, 10s) == 1);
        cache.setMany(std::vector<std::pair<std::string, int>>{{"many", 1}}, 10s);
        for (const char* key : {"set", "loaded", "many"}) {
            const Lookup<int> lookup = cache.lookup<int>(key);
            CHECK(lookup.ttl == 10s);
            CHECK(lookup.age == 0s);
        }
        test.pass(9999ms);
        for (const char* key : {"set", "loaded", "many"}) {
            const Lookup<int> lookup = cache.lookup<int>(key);
            CHECK(lookup.value == 1);
            CHECK(lookup.ttl == 1ms);
            CHECK(lookup.age == 9999ms);
        }
        test.pass(1ms);
        for (const char* key : {"set", "loaded", "many"})
            CHECK(cache.lookup<int>(key).outcome == Outcome::Miss);
    }
}

TEST_CASE("PartsOfAMillisecondAreRoundedUpAndNoDurationIsTooLong") {
    const TestService test;
    const Cache cache = test.cache();
    cache.set("short", 1, 1us);
    CHECK(cache.get<int>("short") == 1);
    test.pass(1ms);
    CHECK(cache.get<int>("short") == std::nullopt);
    for (const auto& set : std::vector<std::function<WriteReceipt()>>{
             [&] { return cache.set("long", 1, std::chrono::hours::max()); },
             [&] { return cache.set("long", 1, std::chrono::seconds::max()); },
             [&] { return cache.set("long", 1, std::chrono::nanoseconds::max()); },
             [&] { return cache.set("long", 1, std::chrono::duration<double>(1e300)); },
             [&] { return cache.set("long", 1, options(Duration::max())); }}) {
        CHECK(set().status == WriteStatus::Stored);
        CHECK(cache.lookup<int>("long").ttl > 24h * 365);
    }
    EntryOptions endless;
    endless.idle = endless.l1Ttl = endless.jitter = endless.deadline = Duration::max();
    CHECK(cache.set("endless", 1, endless).status == WriteStatus::Stored);
    CHECK(cache.getOrLoad<int>("loaded", one, endless) == 1);
    CHECK(cache.lookup<int>("endless").value == 1);
    CHECK(cache.l2().get<int>("loaded") == 1);
}

TEST_CASE("ATtlOfZeroOrLessIsNotKeptAndRemovesTheOldValue") {
    for (const bool l2 : {false, true}) {
        for (const Duration ttl : {0ms, -1ms, Duration::min()}) {
            CAPTURE(l2);
            TestPlan plan;
            plan.l2 = l2;
            const TestService test(plan);
            const Cache cache = test.cache();
            cache.set("key", 1);
            CHECK(cache.set("key", 2, ttl).status == WriteStatus::Stored);
            CHECK(cache.lookup<int>("key").outcome == Outcome::Miss);
            CHECK(cache.getOrLoad<int>("key", one, ttl) == 1);
            CHECK(cache.lookup<int>("key").outcome == Outcome::Miss);
            CHECK(cache.getOrLoad<int>("key", two) == 2);
        }
    }
}

TEST_CASE("ALoadThatIsNotKeptRemovesTheOldValueToo") {
    for (const bool l2 : {false, true}) {
        CAPTURE(l2);
        TestPlan plan;
        plan.l2 = l2;
        const TestService test(plan);
        const Cache cache = test.cache();
        cache.set("key", 1);
        EntryOptions refresh = options(0ms);
        refresh.skipL1Read = refresh.skipL2Read = true;
        CHECK(cache.getOrLoad<int>("key", two, refresh) == 2);
        CHECK(cache.lookup<int>("key").outcome == Outcome::Miss);
    }
}

TEST_CASE("JitterAddsAtMostItself") {
    const TestService test;
    const Cache cache = test.cache();
    EntryOptions jittery = options(10s);
    jittery.jitter = 5s;
    bool below = false;
    bool above = false;
    for (int i = 0; i < 200; ++i) {
        const std::string key = "key" + std::to_string(i);
        cache.set(key, i, jittery);
        const Duration ttl = cache.lookup<int>(key).ttl;
        REQUIRE(ttl >= 10s);
        REQUIRE(ttl <= 15s);
        below = below || ttl < 12s;
        above = above || ttl > 13s;
    }
    CHECK(below);
    CHECK(above);
}

TEST_CASE("L1TtlShortensTheLifeInL1Only") {
    const TestService test;
    const Cache cache = test.cache();
    EntryOptions brief = options(10s);
    brief.l1Ttl = 1s;
    cache.set("key", 1, brief);
    CHECK(cache.getOrLoad<int>("loaded", one, brief) == 1);
    CHECK(cache.l1().exists("key"));
    test.pass(1s);
    CHECK_FALSE(cache.l1().exists("key"));
    CHECK_FALSE(cache.l1().exists("loaded"));
    CHECK(cache.lookup<int>("key").level == Level::L2);
    CHECK(cache.lookup<int>("loaded").level == Level::L2);
    brief.l1Ttl = 1h;
    cache.set("key", 1, brief);
    test.pass(10s);
    CHECK_FALSE(cache.l1().exists("key"));
}

TEST_CASE("WhatWasPromotedLivesNoLongerThanInL2") {
    const TestService test;
    const Cache cache = test.cache();
    cache.l2().set("key", 1, 10s);
    test.pass(9s);
    CHECK(cache.get<int>("key") == 1);
    CHECK(cache.lookup<int>("key").level == Level::L1);
    test.pass(1s);
    CHECK(cache.lookup<int>("key").outcome == Outcome::Miss);
}

TEST_CASE("AnIdleEntryIsForgottenAndOneInUseIsKept") {
    for (const bool l2 : {false, true}) {
        CAPTURE(l2);
        TestPlan plan;
        plan.l2 = l2;
        const TestService test(plan);
        const Cache cache = test.cache();
        EntryOptions idle = options(1h);
        idle.idle = 8s;
        cache.set("used", 1, idle);
        cache.set("idle", 1, idle);
        for (int i = 0; i < 10; ++i) {
            test.pass(4s);
            CHECK(cache.get<int>("used") == 1);
        }
        CHECK(cache.get<int>("idle") == std::nullopt);
        // Between once and 1.25 times its limit after the last access.
        test.pass(7999ms);
        CHECK(cache.get<int>("used") == 1);
        test.pass(10s);
        CHECK(cache.get<int>("used") == std::nullopt);
    }
}

TEST_CASE("AnIdleEntryDoesNotOutliveItsTtl") {
    const TestService test;
    const Cache cache = test.cache();
    EntryOptions idle = options(10s);
    idle.idle = 8s;
    cache.set("key", 1, idle);
    for (int i = 0; i < 9; ++i) {
        test.pass(1s);
        CHECK(cache.get<int>("key") == 1);
    }
    test.pass(1s);
    CHECK(cache.get<int>("key") == std::nullopt);
}

TEST_CASE("CostCountsAgainstTheBytesOfL1") {
    TestPlan plan = onlyL1();
    plan.change = [](runtime::ServicePlan& made) {
        made.memory.maxBytes = 100;
        made.memory.shards = 1;
    };
    const TestService test(plan);
    const Cache cache = test.cache();
    EntryOptions heavy;
    heavy.cost = 60;
    cache.set("first", 1, heavy);
    CHECK(cache.stats().bytes == 60);
    cache.set("second", 2, heavy);
    CHECK(cache.get<int>("first") == std::nullopt);
    CHECK(cache.get<int>("second") == 2);
    CHECK(cache.stats().evictions == 1);
    heavy.cost = 101;
    CHECK(cache.set("third", 3, heavy).error.code == ErrorCode::ValueTooLarge);
}

TEST_CASE("LevelsNameWhatACallMayTouch") {
    TestPlan plan;
    plan.database = std::make_shared<FakeDatabase>();
    plan.database->put("db", "5");
    const TestService test(plan);
    const Cache cache = test.cache();
    EntryOptions near;
    near.levels = Levels::L1;
    cache.set("near", 1, near);
    CHECK_FALSE(cache.l2().exists("near"));
    EntryOptions far;
    far.levels = Levels::L2;
    cache.set("far", 2, far);
    CHECK_FALSE(cache.l1().exists("far"));
    ReadOptions read;
    read.levels = Levels::L1;
    CHECK(cache.lookup<int>("far", read).outcome == Outcome::Miss);
    read.levels = Levels::L2;
    CHECK(cache.lookup<int>("near", read).outcome == Outcome::Miss);
    CHECK(cache.lookup<int>("far", read).level == Level::L2);
    CHECK_FALSE(cache.l1().exists("far"));
    read.levels = Levels::L1 | Levels::L2;
    CHECK(cache.lookup<int>("db", read).outcome == Outcome::Miss);
    CHECK(plan.database->calls().empty());
    CHECK(cache.lookup<int>("far", read).value == 2);
    CHECK(cache.l1().exists("far"));
    read.levels = Levels::Fallback;
    const Lookup<int> fallback = cache.lookup<int>("db", read);
    CHECK(fallback.value == 5);
    CHECK(fallback.level == Level::Fallback);
    CHECK_FALSE(cache.l1().exists("db"));
    CHECK_FALSE(cache.l2().exists("db"));
    CHECK(cache.lookup<int>("db").value == 5);
    CHECK(cache.l1().exists("db"));
    CHECK(cache.l2().exists("db"));
}

TEST_CASE("EachSkipFlagHasExactlyItsEffect") {
    const TestService test;
    const Cache cache = test.cache();
    const auto prepare = [&](const std::string& key) {
        cache.set(key, 1);
        cache.l2().set(key, 2);  // drops L1's copy
        EntryOptions near;
        near.levels = Levels::L1;
        cache.set(key, 1, near);
    };
    const auto three = [] { return 3; };
    EntryOptions skip;

    prepare("l1 read");
    skip.skipL1Read = true;
    CHECK(cache.getOrLoad<int>("l1 read", three, skip) == 2);
    CHECK(cache.l1().get<int>("l1 read") == 2);

    prepare("both reads");
    skip.skipL2Read = true;
    CHECK(cache.getOrLoad<int>("both reads", three, skip) == 3);
    CHECK(cache.l1().get<int>("both reads") == 3);
    CHECK(cache.l2().get<int>("both reads") == 3);

    prepare("l2 read");
    skip.skipL1Read = false;
    CHECK(cache.getOrLoad<int>("l2 read", three, skip) == 1);
    CHECK(cache.l2().get<int>("l2 read") == 2);
    CHECK(cache.getOrLoad<int>("l2 read, absent", three, skip) == 3);
    CHECK(cache.l2().get<int>("l2 read, absent") == 3);

    skip = {};
    skip.skipL1Write = true;
    CHECK(cache.getOrLoad<int>("l1 write", three, skip) == 3);
    CHECK_FALSE(cache.l1().exists("l1 write"));
    CHECK(cache.l2().get<int>("l1 write") == 3);
    CHECK(cache.getOrLoad<int>("l1 write", two, skip) == 3);
    CHECK_FALSE(cache.l1().exists("l1 write"));
    cache.set("l1 write, set", 4, skip);
    CHECK_FALSE(cache.l1().exists("l1 write, set"));
    CHECK(cache.l2().get<int>("l1 write, set") == 4);

    skip = {};
    skip.skipL2Write = true;
    CHECK(cache.getOrLoad<int>("l2 write", three, skip) == 3);
    CHECK(cache.l1().get<int>("l2 write") == 3);
    CHECK_FALSE(cache.l2().exists("l2 write"));
    cache.set("l2 write, set", 4, skip);
    CHECK(cache.l1().get<int>("l2 write, set") == 4);
    CHECK_FALSE(cache.l2().exists("l2 write, set"));
}

TEST_CASE("AWriteThatNoLevelTakesIsRejectedAndRemovesTheOldValue") {
    const TestService test(onlyL1());
    const Cache cache = test.cache();
    cache.set("key", 1);
    const WriteReceipt receipt = cache.l2().set("key", 2);
    CHECK(receipt.status == WriteStatus::Rejected);
    CHECK(receipt.error.code == ErrorCode::Unavailable);
    CHECK(cache.get<int>("key") == std::nullopt);
}

TEST_CASE("ANegativeAnswerIsKeptAsLongAsItsOwnTtl") {
    for (const bool l2 : {false, true}) {
        CAPTURE(l2);
        TestPlan plan;
        plan.l2 = l2;
        const TestService test(plan);
        const Cache cache = test.cache();
        EntryOptions negative = options(1h);
        negative.negativeTtl = 10s;
        CHECK(cache.getOrLoad<int>("key", absent, negative) == std::nullopt);
        const Lookup<int> lookup = cache.lookup<int>("key");
        CHECK(lookup.outcome == Outcome::Hit);
        CHECK(lookup.level == Level::L1);
        CHECK_FALSE(lookup.value);
        CHECK(lookup.ttl == 10s);
        CHECK_FALSE(cache.exists("key"));
        CHECK_FALSE(cache.getShared<int>("key"));
        CHECK(cache.get<int>("key") == std::nullopt);
        const auto never = []() -> std::optional<int> { throw std::logic_error("cached"); };
        CHECK(cache.getOrLoad<int>("key", never) == std::nullopt);
        if (l2) CHECK(cache.l2().lookup<int>("key").outcome == Outcome::Hit);
        test.pass(10s);
        CHECK(cache.lookup<int>("key").outcome == Outcome::Miss);
    }
}

TEST_CASE("ANegativeTtlOfZeroKeepsNothing") {
    const TestService test;
    const Cache cache = test.cache();
    EntryOptions negative;
    negative.negativeTtl = 0s;
    int loads = 0;
    for (int i = 0; i < 2; ++i)
        CHECK(cache.getOrLoad<int>(
                  "key",
                  [&]() -> std::optional<int> {
                      ++loads;
                      return std::nullopt;
                  },
                  negative) == std::nullopt);
    CHECK(loads == 2);
    CHECK(cache.lookup<int>("key").outcome == Outcome::Miss);
}

TEST_CASE("ALoaderOfAValueIgnoresACachedNegativeAndReplacesIt") {
    for (const bool near : {false, true}) {
        CAPTURE(near);
        const TestService test;
        const Cache cache = test.cache();
        CHECK(cache.getOrLoad<int>("key", absent) == std::nullopt);
        if (!near) test.service->remove(std::vector<std::string>{"key"}, Levels::L1);
        CHECK(cache.getOrLoad<int>("key", two) == 2);
        CHECK(cache.get<int>("key") == 2);
        CHECK(cache.l2().get<int>("key") == 2);
    }
}

TEST_CASE("ALoaderMayChangeTheOptionsOfItsValue") {
    const TestService test;
    const Cache cache = test.cache();
    int value = cache.getOrLoad<int>(
        "key",
        [](LoadContext<int>& context) {
            CHECK(context.key() == "key");
            CHECK(context.stale() == nullptr);
            CHECK(context.options().ttl == 1min);
            context.options().ttl = 10s;
            context.options().skipL2Write = true;
            return 7;
        },
        1min);
    CHECK(value == 7);
    CHECK(cache.lookup<int>("key").ttl == 10s);
    CHECK_FALSE(cache.l2().exists("key"));
    const auto gone = [](LoadContext<int>& context) -> Loaded<int> {
        context.options().negativeTtl = 5s;
        return std::nullopt;
    };
    CHECK(cache.getOrLoad<int>("gone", gone) == std::nullopt);
    CHECK(cache.lookup<int>("gone").ttl == 5s);
    const auto unkept = [](LoadContext<int>& context) {
        context.options().ttl = 0s;
        return 8;
    };
    CHECK(cache.getOrLoad<int>("unkept", unkept) == 8);
    CHECK_FALSE(cache.exists("unkept"));
}

TEST_CASE("ALoaderMayFailWithoutThrowing") {
    const TestService test;
    const Cache cache = test.cache();
    const auto failing = [](LoadContext<int>& context) { return context.fail("it rains"); };
    try {
        (void)cache.getOrLoad<int>("key", failing);
        FAIL("it threw nothing");
    } catch (const LoaderFailed& error) {
        CHECK(error.message() == "it rains");
    }
    const Lookup<int> lookup = cache.lookupOrLoad<int>("key", failing);
    CHECK(lookup.outcome == Outcome::Error);
    CHECK(lookup.error.code == ErrorCode::LoaderFailed);
    CHECK(lookup.error.message == "it rains");
    CHECK(cache.stats().loadFailures == 2);
}

TEST_CASE("NotModifiedIsAFailureWhereNothingIsRetained") {
    const TestService test;
    const Cache cache = test.cache();
    const auto same = [](LoadContext<User>& context) { return context.notModified(); };
    CHECK_THROWS_AS((void)cache.getOrLoad<User>("key", same), LoaderFailed);
}

TEST_CASE("NotModifiedKeepsTheExpiredValueAndGivesItANewLife") {
    for (const bool l2 : {false, true}) {
        CAPTURE(l2);
        TestPlan plan;
        plan.l2 = l2;
        const TestService test(plan);
        const Cache cache = test.cache();
        cache.set("key", User{1, "ann"}, 1min);
        cache.set("text", std::string("old"), 1min);
        cache.set("empty", std::string(), 1min);
        const Shared<User> held = cache.getShared<User>("key");
        for (const char* key : {"key", "text", "empty"}) cache.expire(key);
        test.pass(10s);
        const auto same = [](LoadContext<User>& context) {
            REQUIRE(context.stale() != nullptr);
            CHECK(*context.stale() == User{1, "ann"});
            return context.notModified();
        };
        CHECK(cache.getOrLoad<User>("key", same, 1min) == User{1, "ann"});
        CHECK(cache.lookup<User>("key").ttl == 1min);
        CHECK(cache.get<User>("key") == User{1, "ann"});
        CHECK(*held == User{1, "ann"});
        const auto sameText = [](LoadContext<std::string>& context) {
            REQUIRE(context.stale() != nullptr);
            return context.notModified();
        };
        CHECK(cache.getOrLoad<std::string>("text", sameText) == "old");
        CHECK(cache.getOrLoad<std::string>("empty", sameText) == "");
        CHECK(cache.get<std::string>("text") == "old");
        CHECK(cache.lookup<std::string>("empty").value == "");
        if (l2) CHECK(cache.l2().get<User>("key") == User{1, "ann"});
    }
}

TEST_CASE("AnExpiredEntryIsAMissButForThoseWhoAllowStaleValues") {
    for (const bool l2 : {false, true}) {
        CAPTURE(l2);
        TestPlan plan;
        plan.l2 = l2;
        const TestService test(plan);
        const Cache cache = test.cache();
        cache.set("key", 1, 1min);
        CHECK(cache.expire("key").status == WriteStatus::Stored);
        CHECK(cache.expire("key").status == WriteStatus::Stored);
        test.pass(1s);
        CHECK(cache.lookup<int>("key").outcome == Outcome::Miss);
        CHECK(cache.get<int>("key") == std::nullopt);
        CHECK_FALSE(cache.exists("key"));
        CHECK_FALSE(cache.getShared<int>("key"));
        ReadOptions stale;
        stale.allowStale = true;
        const Lookup<int> lookup = cache.lookup<int>("key", stale);
        CHECK(lookup.outcome == Outcome::Stale);
        CHECK(lookup.value == 1);
        CHECK(lookup.level == (l2 ? Level::L2 : Level::L1));
        CHECK(lookup.ttl == 0s);
        CHECK(lookup.age == 1s);
        CHECK(cache.get<int>("key", stale) == 1);
        CHECK(cache.getMany<int>({"key"}, stale)[0].outcome == Outcome::Stale);
        CHECK(cache.getOrLoad<int>("key", two) == 2);
        CHECK(cache.lookup<int>("key", stale).outcome == Outcome::Hit);
    }
}

TEST_CASE("AllowStaleDoesNotHideAFreshValueOrAMiss") {
    const TestService test;
    const Cache cache = test.cache();
    ReadOptions stale;
    stale.allowStale = true;
    cache.l2().set("key", 1);
    CHECK(cache.lookup<int>("key", stale).outcome == Outcome::Hit);
    CHECK(cache.lookup<int>("absent", stale).outcome == Outcome::Miss);
}
