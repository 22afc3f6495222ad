#include <doctest/doctest.h>

#include <map>
#include <set>
#include <vector>

#include "Entries.h"

using namespace oxcache;
using namespace oxcache::memory;

TEST_CASE("VisitReadsTheLiveEntryInPlace") {
    ManualClock clock;
    MemoryStore store({}, clock);
    const EntryPtr entry = entryOf("a", "one");
    CHECK(store.put(entry, {}));
    const Entry* seen = nullptr;
    CHECK(store.visit("a", [&](const Entry& found) { seen = &found; }));
    CHECK(seen == entry.get());
    bool called = false;
    CHECK_FALSE(store.visit("b", [&](const Entry&) { called = true; }));
    CHECK_FALSE(called);
}

TEST_CASE("AcquireOutlivesTheEntrysRemoval") {
    ManualClock clock;
    MemoryStore store({}, clock);
    store.put(entryOf("a", "one"), {});
    const EntryPtr held = store.acquire("a");
    REQUIRE(held);
    CHECK(store.invalidate("a"));
    CHECK_FALSE(store.acquire("a"));
    CHECK(held->key() == "a");
    CHECK(held->bytes() == "one");
}

TEST_CASE("AcquiredEntriesOutliveTheStore") {
    ManualClock clock;
    EntryPtr held;
    {
        MemoryStore store({}, clock);
        store.put(entryOf("a", std::string(1000, 'x')), {});
        held = store.acquire("a");
    }
    CHECK(held->bytes() == std::string(1000, 'x'));
}

TEST_CASE("ReplacingGivesTheNewValueAndLeavesTheOldToItsHolders") {
    ManualClock clock;
    MemoryStore store({}, clock);
    store.put(entryOf("a", "one"), {});
    const EntryPtr held = store.acquire("a");
    store.put(entryOf("a", "two"), {});
    CHECK(valueOf(store, "a") == "two");
    CHECK(held->bytes() == "one");
    CHECK(store.statistics().entries == 1);
}

TEST_CASE("VisitManyAnswersInOrderWithNullForTheAbsent") {
    ManualClock clock;
    MemoryStore store({}, clock);
    std::vector<std::string> names;
    for (unsigned i = 0; i < 100; ++i) {
        names.push_back(keyOf(i));
        if (i % 3 == 0) store.put(entryOf(names.back(), std::to_string(i)), {});
    }
    const std::vector<Key> keys(names.begin(), names.end());
    std::size_t next = 0;
    store.visitMany(keys, [&](std::size_t at, const Entry* entry) {
        CHECK(at == next++);
        REQUIRE((entry != nullptr) == (at % 3 == 0));
        if (entry != nullptr) CHECK(entry->bytes() == std::to_string(at));
    });
    CHECK(next == keys.size());
    store.visitMany({}, [](std::size_t, const Entry*) { FAIL("no key was asked for"); });
}

TEST_CASE("KeysMayHoldAnyBytes") {
    ManualClock clock;
    MemoryStore store({}, clock);
    using namespace std::string_literals;
    const std::vector<std::string> keys = {"\0"s,
                                           "\0\0"s,
                                           "a\0b"s,
                                           "\xff\xfe",
                                           std::string(255, 'k'),
                                           std::string(256, 'k'),
                                           std::string(70'000, 'k')};
    for (const std::string& key : keys) CHECK(store.put(entryOf(key, "of " + key), {}));
    for (const std::string& key : keys) CHECK(valueOf(store, key) == "of " + key);
    CHECK(store.statistics().entries == keys.size());
}

TEST_CASE("ValuesMayBeEmptyOrLarge") {
    ManualClock clock;
    MemoryStore store({}, clock);
    store.put(entryOf("empty", ""), {});
    store.put(entryOf("large", std::string(5'000'000, 'v')), {});
    CHECK(valueOf(store, "empty") == "");
    CHECK(valueOf(store, "large") == std::string(5'000'000, 'v'));
}

TEST_CASE("NegativeEntriesAreEntries") {
    ManualClock clock;
    MemoryStore store({}, clock);
    EntryAttributes attributes;
    attributes.negative = true;
    store.put(entryOf("a", "", attributes), {});
    bool negative = false;
    CHECK(store.visit("a", [&](const Entry& entry) { negative = entry.negative(); }));
    CHECK(negative);
}

TEST_CASE("DiscardErasesExactlyTheGivenEntry") {
    ManualClock clock;
    MemoryStore store({}, clock);
    const EntryPtr first = entryOf("a", "one");
    store.put(first, {});
    store.put(entryOf("a", "two"), {});
    CHECK_FALSE(store.discard(*first));
    CHECK(valueOf(store, "a") == "two");
    const std::uint64_t before = store.capture("a");
    const EntryPtr second = store.acquire("a");
    CHECK(store.discard(*second));
    CHECK_FALSE(store.discard(*second));
    CHECK(store.capture("a") == before);
    CHECK_FALSE(valueOf(store, "a"));
}

TEST_CASE("ClearErasesEverythingAtOnce") {
    ManualClock clock;
    MemoryStore store({}, clock);
    for (unsigned i = 0; i < 1000; ++i) store.put(entryOf(keyOf(i), "v"), {});
    store.clear();
    CHECK(store.statistics().entries == 0);
    CHECK(store.statistics().bytes == 0);
    for (unsigned i = 0; i < 1000; ++i) CHECK_FALSE(valueOf(store, keyOf(i)));
    store.put(entryOf("a", "again"), {});
    CHECK(valueOf(store, "a") == "again");
}

TEST_CASE("ForEachSeesEveryEntryThatStaysAndNoneThatIsGone") {
    ManualClock clock;
    MemoryStore store({}, clock);
    std::set<std::string> expected;
    for (unsigned i = 0; i < 500; ++i) {
        store.put(entryOf(keyOf(i), "v"), {});
        if (i % 2 == 0) expected.insert(keyOf(i));
    }
    for (unsigned i = 1; i < 500; i += 2) store.invalidate(keyOf(i));
    store.put(entryOf("dead", "v"), {.ttl = Duration(10)});
    clock.advance(Duration(10));
    std::multiset<std::string> seen;
    store.forEach([&](const Entry& entry) { seen.insert(std::string(entry.key())); });
    CHECK(seen == std::multiset<std::string>(expected.begin(), expected.end()));
}

TEST_CASE("StatisticsCountHitsAndMisses") {
    ManualClock clock;
    MemoryStore store({}, clock);
    store.put(entryOf("a", "one"), {});
    for (int i = 0; i < 3; ++i) valueOf(store, "a");
    store.acquire("a");
    valueOf(store, "b");
    store.acquire("b");
    const std::vector<Key> keys = {"a", "b", "c"};
    store.visitMany(keys, [](std::size_t, const Entry*) {});
    CHECK(store.statistics().hits == 5);
    CHECK(store.statistics().misses == 4);
}
