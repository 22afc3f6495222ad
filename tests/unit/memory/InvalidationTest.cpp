#include <doctest/doctest.h>

#include <algorithm>
#include <array>

#include "Entries.h"

using namespace oxcache;
using namespace oxcache::memory;

namespace {

using Tags = std::array<std::string_view, 2>;

bool putTagged(MemoryStore& store, Key key, const Tags& tags) {
    return store.put(entryOf(key, "v"), {.tags = tags});
}

}  // namespace

TEST_CASE("ATagsInvalidationHidesEveryEntryThatBearsIt") {
    ManualClock clock;
    MemoryStore store({}, clock);
    putTagged(store, "a", {"red", "small"});
    putTagged(store, "b", {"blue", "small"});
    store.put(entryOf("c", "v"), {});
    store.invalidateTag("red");
    CHECK_FALSE(valueOf(store, "a"));
    CHECK(valueOf(store, "b"));
    CHECK(valueOf(store, "c"));
    store.invalidateTag("small");
    store.invalidateTag("nobody's");
    CHECK_FALSE(store.acquire("b"));
    CHECK(valueOf(store, "c"));
    putTagged(store, "a", {"red", "small"});
    CHECK(valueOf(store, "a"));
}

TEST_CASE("EntriesOfAnInvalidatedTagLeaveMemoryUnread") {
    ManualClock clock;
    MemoryStore store({}, clock);
    for (unsigned i = 0; i < 1000; ++i) putTagged(store, keyOf(i), {"red", "small"});
    store.put(entryOf("stays", "v"), {});
    store.invalidateTag("red");
    SUBCASE("by cleanUp") {
        store.cleanUp();
        CHECK(store.statistics().entries == 1);
    }
    SUBCASE("by other writes") {
        for (unsigned i = 0; i < 1000; ++i) store.put(entryOf(keyOf(2000 + i), "v"), {});
        CHECK(store.statistics().entries == 1001);
    }
}

TEST_CASE("ATagsInvalidationRefusesFillsUnderWay") {
    ManualClock clock;
    MemoryStore store({}, clock);
    const std::uint64_t captured = store.capture("a");
    store.invalidateTag("red");
    const Tags tags{"red", "small"};
    CHECK_FALSE(store.fill(entryOf("a", "v"), {.tags = tags}, captured));
    CHECK(store.fill(entryOf("a", "v"), {.tags = tags}, store.capture("a")));
    CHECK(valueOf(store, "a"));
}

TEST_CASE("APrefixInvalidationErasesWhatBeginsSo") {
    ManualClock clock;
    MemoryStore store({}, clock);
    for (unsigned i = 0; i < 100; ++i) {
        store.put(entryOf("user:" + std::to_string(i), "v"), {});
        store.put(entryOf("item:" + std::to_string(i), "v"), {});
    }
    const std::uint64_t captured = store.capture("user:7");
    CHECK(store.invalidatePrefix("user:") == 100);
    CHECK(store.statistics().entries == 100);
    CHECK_FALSE(valueOf(store, "user:1"));
    CHECK(valueOf(store, "item:1"));
    CHECK_FALSE(store.fill(entryOf("user:7", "old"), {}, captured));
}

TEST_CASE("InspectTellsWeightExpiryAndAge") {
    ManualClock clock;
    MemoryStore store({}, clock);
    EntryAttributes attributes;
    attributes.createdMs = clock.wallMs();
    store.put(entryOf("a", "v", attributes), {.ttl = Duration(1000), .cost = 77});
    clock.advance(Duration(300));
    const auto report = store.inspect("a");
    REQUIRE(report);
    CHECK(report->weight == 77);
    CHECK(report->expiresIn == Duration(700));
    CHECK(report->age == Duration(300));
    CHECK(store.statistics().hits == 0);
    clock.advance(Duration(700));
    CHECK_FALSE(store.inspect("a"));
    store.put(entryOf("b", "v"), {});
    CHECK_FALSE(store.inspect("b")->expiresIn);
}

TEST_CASE("TheHottestAreThoseAskedForMost") {
    ManualClock clock;
    MemoryStore store({}, clock);
    for (unsigned i = 0; i < 100; ++i) store.put(entryOf(keyOf(i), "v"), {});
    for (unsigned i = 0; i < 10; ++i)
        for (int n = 0; n < 3; ++n) valueOf(store, keyOf(i));
    const auto hottest = store.hottest(10);
    REQUIRE(hottest.size() == 10);
    for (unsigned i = 0; i < 10; ++i)
        CHECK(std::any_of(hottest.begin(), hottest.end(),
                          [&](const EntryPtr& entry) { return entry->key() == keyOf(i); }));
    for (const EntryPtr& entry : store.coldest(80))
        CHECK(std::none_of(hottest.begin(), hottest.end(),
                           [&](const EntryPtr& hot) { return hot.get() == entry.get(); }));
    CHECK(store.hottest(1000).size() == 100);
}

TEST_CASE("ALongVisitorHoldsBackOnlyItsOwnEntry") {
    ManualClock clock;
    MemoryStore store({.maxEntries = 100}, clock);
    const EntryPtr mine = entryOf("mine", std::string(100, 'm'));
    const EntryPtr other = entryOf("other", "o");
    store.put(mine, {});
    store.put(other, {});
    store.visit("mine", [&](const Entry& entry) {
        store.clear();
        store.cleanUp();
        CHECK(entry.bytes() == std::string(100, 'm'));
        CHECK(mine->useCount() == 2);
        CHECK(other->useCount() == 1);
    });
    store.cleanUp();
    CHECK(mine->useCount() == 1);
}

TEST_CASE("VisitsMayNestDeeperThanThereAreHolds") {
    ManualClock clock;
    MemoryStore store({}, clock);
    store.put(entryOf("a", "v"), {});
    int depth = 0;
    const auto nest = [&](const auto& self) -> void {
        store.visit("a", [&](const Entry& entry) {
            CHECK(entry.bytes() == "v");
            if (++depth < 100) self(self);
        });
    };
    nest(nest);
    CHECK(depth == 100);
}

TEST_CASE("AnEntryThatWasTakenOutMayComeBack") {
    ManualClock clock;
    MemoryStore store({}, clock);
    const EntryPtr entry = entryOf("a", "v");
    store.put(entry, {.ttl = Duration(10)});
    CHECK(store.put(entry, {.ttl = Duration(100)}));
    clock.advance(Duration(50));
    CHECK(valueOf(store, "a"));
    store.clear();
    CHECK(store.put(entry, {}));
    CHECK(valueOf(store, "a"));
    MemoryStore second({}, clock);
    CHECK(second.put(entry, {}));
    CHECK(valueOf(second, "a"));
    CHECK(valueOf(store, "a"));
}
