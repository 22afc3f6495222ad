#include <doctest/doctest.h>

#include "Entries.h"

using namespace oxcache;
using namespace oxcache::memory;

TEST_CASE("AFillIsAdmittedWhenNothingHasMoved") {
    ManualClock clock;
    MemoryStore store({}, clock);
    const std::uint64_t captured = store.capture("a");
    CHECK(store.fill(entryOf("a", "loaded"), {}, captured));
    CHECK(valueOf(store, "a") == "loaded");
    CHECK(store.fill(entryOf("a", "again"), {}, store.capture("a")));
    CHECK(valueOf(store, "a") == "again");
}

TEST_CASE("AFillOvertakenIsRefusedAndLeavesWhatIsThere") {
    ManualClock clock;
    MemoryStore store({}, clock);
    const std::uint64_t captured = store.capture("a");
    SUBCASE("by put") {
        store.put(entryOf("a", "newer"), {});
        CHECK_FALSE(store.fill(entryOf("a", "older"), {}, captured));
        CHECK(valueOf(store, "a") == "newer");
    }
    SUBCASE("by invalidate, of an absent key too") {
        CHECK_FALSE(store.invalidate("a"));
        CHECK_FALSE(store.fill(entryOf("a", "older"), {}, captured));
        CHECK_FALSE(valueOf(store, "a"));
    }
    SUBCASE("by begin") {
        store.begin("a");
        CHECK_FALSE(store.fill(entryOf("a", "older"), {}, captured));
    }
    SUBCASE("by a settled write") {
        const std::uint64_t begun = store.begin("a");
        const std::uint64_t during = store.capture("a");
        CHECK(store.settle(entryOf("a", "newer"), {}, begun));
        CHECK_FALSE(store.fill(entryOf("a", "older"), {}, during));
        CHECK(valueOf(store, "a") == "newer");
    }
    SUBCASE("by clear") {
        store.clear();
        CHECK_FALSE(store.fill(entryOf("a", "older"), {}, captured));
    }
    CHECK(store.statistics().overtaken == 1);
}

TEST_CASE("AFillIsRefusedWhenTheEpochHasMoved") {
    ManualClock clock;
    MemoryStore store({}, clock);
    std::atomic<std::uint32_t> epoch{7};
    const EpochGuard guard{&epoch, 7};
    CHECK(store.fill(entryOf("a", "one"), {}, store.capture("a"), guard));
    epoch = 8;
    CHECK_FALSE(store.fill(entryOf("b", "two"), {}, store.capture("b"), guard));
    CHECK_FALSE(valueOf(store, "b"));
}

TEST_CASE("BeginErasesAndSettleAdmits") {
    ManualClock clock;
    MemoryStore store({}, clock);
    store.put(entryOf("a", "old"), {});
    const std::uint64_t begun = store.begin("a");
    CHECK_FALSE(valueOf(store, "a"));
    CHECK(store.capture("a") == begun);
    CHECK(store.settle(entryOf("a", "new"), {}, begun));
    CHECK(valueOf(store, "a") == "new");
}

TEST_CASE("OfTwoOverlappingWritesNeitherIsKept") {
    ManualClock clock;
    MemoryStore store({}, clock);
    const std::uint64_t first = store.begin("a");
    const std::uint64_t second = store.begin("a");
    CHECK_FALSE(store.settle(entryOf("a", "first"), {}, first));
    CHECK_FALSE(store.settle(entryOf("a", "second"), {}, second));
    CHECK_FALSE(valueOf(store, "a"));
}

TEST_CASE("SettleErasesWhenAnythingElseHasMoved") {
    ManualClock clock;
    MemoryStore store({}, clock);
    const std::uint64_t begun = store.begin("a");
    SUBCASE("put") { store.put(entryOf("a", "other"), {}); }
    SUBCASE("invalidate") { store.invalidate("a"); }
    SUBCASE("clear") { store.clear(); }
    CHECK_FALSE(store.settle(entryOf("a", "mine"), {}, begun));
    CHECK_FALSE(valueOf(store, "a"));
}

TEST_CASE("InvalidateKeepsExactlyTheNamedVersion") {
    ManualClock clock;
    MemoryStore store({}, clock);
    const Version version{1000, 1, 7};
    store.put(entryOf("a", "v", version), {});
    const std::uint64_t before = store.capture("a");
    CHECK_FALSE(store.invalidate("a", version));
    CHECK(valueOf(store, "a"));
    CHECK(store.capture("a") != before);
    CHECK(store.invalidate("a", Version{1000, 2, 7}));
    CHECK_FALSE(valueOf(store, "a"));
    store.put(entryOf("b", "v"), {});
    CHECK(store.invalidate("b"));
    CHECK_FALSE(store.invalidate("b"));
}

TEST_CASE("CountersOfDifferentKeysAreMostlyApart") {
    ManualClock clock;
    MemoryStore store({}, clock);
    unsigned moved = 0;
    for (unsigned i = 0; i < 1000; ++i) {
        const std::uint64_t captured = store.capture(keyOf(i));
        store.invalidate("other" + std::to_string(i));
        if (store.capture(keyOf(i)) != captured) ++moved;
    }
    CHECK(moved < 10);
}
