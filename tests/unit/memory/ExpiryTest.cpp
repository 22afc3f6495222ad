#include <doctest/doctest.h>

#include "Entries.h"

using namespace oxcache;
using namespace oxcache::memory;
using namespace std::chrono_literals;

TEST_CASE("AnEntryIsGivenOutUntilItsTtlAndNotAfter") {
    ManualClock clock;
    MemoryStore store({}, clock);
    store.put(entryOf("a", "v"), {.ttl = 100ms});
    clock.advance(99ms);
    CHECK(valueOf(store, "a"));
    CHECK(store.acquire("a"));
    clock.advance(1ms);
    CHECK_FALSE(valueOf(store, "a"));
    CHECK_FALSE(store.acquire("a"));
    const std::vector<Key> keys = {"a"};
    store.visitMany(keys, [](std::size_t, const Entry* entry) { CHECK(entry == nullptr); });
    store.forEach([](const Entry&) { FAIL("it has expired"); });
}

TEST_CASE("AnEntryWithoutTtlStays") {
    ManualClock clock;
    MemoryStore store({}, clock);
    store.put(entryOf("a", "v"), {});
    clock.advance(std::chrono::hours(24 * 365 * 20));
    store.cleanUp();
    CHECK(valueOf(store, "a"));
}

namespace {

/// Its coarse time is up to 2 ms in front, as the test says.
class ClockInFront final : public Clock {
public:
    static constexpr auto kAhead = 2ms;

    SteadyTime steady() const noexcept override { return SteadyTime(now_); }
    CoarseTime coarse() override { return {{std::shared_ptr<void>(), &coarse_}, kAhead}; }
    std::int64_t wallMs() const noexcept override { return 0; }
    bool waitUntil(CondVar&, Mutex&, SteadyTime) override { return false; }

    void advance(std::chrono::nanoseconds by, std::chrono::nanoseconds ahead) {
        now_ += by;
        coarse_ = (now_ + ahead).count();
    }

private:
    std::chrono::nanoseconds now_{1s};
    std::atomic<std::int64_t> coarse_{std::chrono::nanoseconds(1s).count()};
};

}  // namespace

TEST_CASE("NoLifeIsLongerThanItsTtlHoweverTheCoarseTimeGoes") {
    for (const Duration ttl : {20ms, 999ms, 1000ms, 60'000ms})
        for (const Duration before : {0ms, 1ms, 2ms})
            for (const Duration after : {0ms, 1ms, 2ms}) {
                CAPTURE(ttl.count());
                ClockInFront clock;
                MemoryStore store({}, clock);
                clock.advance(10ms, before);
                store.put(entryOf("a", "v"), {.ttl = ttl});
                clock.advance(ttl - 5ms, after);
                CHECK(store.acquire("a"));
                clock.advance(5ms, after);
                CHECK_FALSE(store.acquire("a"));
            }
}

TEST_CASE("LongLivesAreKeptToTheMillisecond") {
    ManualClock clock;
    MemoryStore store({}, clock);
    for (const Duration ttl :
         {Duration(65'537), Duration(24h), Duration(24h * 60), Duration(24h * 365)}) {
        store.put(entryOf("a", "v"), {.ttl = ttl});
        clock.advance(ttl - 1ms);
        store.cleanUp();
        CHECK(valueOf(store, "a"));
        clock.advance(1ms);
        CHECK_FALSE(valueOf(store, "a"));
        store.cleanUp();
        CHECK(store.statistics().entries == 0);
    }
    store.put(entryOf("a", "v"), {.ttl = Duration::max()});
    clock.advance(24h);
    CHECK(valueOf(store, "a"));
}

TEST_CASE("ATtlOfZeroOrLessRemovesTheOldEntry") {
    ManualClock clock;
    MemoryStore store({}, clock);
    for (const Duration ttl : {0ms, -5ms}) {
        store.put(entryOf("a", "old"), {});
        CHECK_FALSE(store.put(entryOf("a", "new"), {.ttl = ttl}));
        CHECK_FALSE(valueOf(store, "a"));
        store.put(entryOf("a", "old"), {});
        CHECK_FALSE(store.fill(entryOf("a", "new"), {.ttl = ttl}, store.capture("a")));
        CHECK_FALSE(valueOf(store, "a"));
    }
}

TEST_CASE("AnIdleEntryExpiresSinceItsLastAccess") {
    ManualClock clock;
    MemoryStore store({}, clock);
    store.put(entryOf("used", "v"), {.idle = 10s});
    store.put(entryOf("unused", "v"), {.idle = 10s});
    for (int i = 0; i < 10; ++i) {
        clock.advance(8s);
        CHECK(valueOf(store, "used"));
        CHECK(store.acquire("used"));
    }
    CHECK_FALSE(valueOf(store, "unused"));
    clock.advance(10s);
    CHECK_FALSE(valueOf(store, "used"));
}

TEST_CASE("TtlEndsAnEntryThatIsNeverIdle") {
    ManualClock clock;
    MemoryStore store({}, clock);
    store.put(entryOf("a", "v"), {.ttl = 15s, .idle = 10s});
    clock.advance(9s);
    CHECK(valueOf(store, "a"));
    clock.advance(5s);
    CHECK(valueOf(store, "a"));
    clock.advance(1s);
    CHECK_FALSE(valueOf(store, "a"));
}

TEST_CASE("ReplacingStartsALifeAnew") {
    ManualClock clock;
    MemoryStore store({}, clock);
    store.put(entryOf("a", "one"), {.ttl = 100ms});
    clock.advance(60ms);
    store.put(entryOf("a", "two"), {.ttl = 100ms});
    clock.advance(60ms);
    store.cleanUp();
    CHECK(valueOf(store, "a") == "two");
    store.put(entryOf("a", "three"), {});
    clock.advance(1h);
    store.cleanUp();
    CHECK(valueOf(store, "a") == "three");
}

TEST_CASE("ExpiredEntriesLeaveMemoryUnread") {
    ManualClock clock;
    MemoryStore store({}, clock);
    for (unsigned i = 0; i < 1000; ++i)
        store.put(entryOf(keyOf(i), "v"), {.ttl = Duration(1000 + i * 50)});
    store.put(entryOf("stays", "v"), {});
    clock.advance(60s);
    SUBCASE("by cleanUp") {
        store.cleanUp();
        CHECK(store.statistics().entries == 1);
    }
    SUBCASE("by other writes") {
        for (unsigned i = 0; i < 2000; ++i) store.put(entryOf(keyOf(5000 + i % 500), "v"), {});
        CHECK(store.statistics().entries == 501);
    }
    CHECK(store.statistics().removals[static_cast<int>(RemovalCause::Expired)] == 1000);
    CHECK(valueOf(store, "stays"));
}
