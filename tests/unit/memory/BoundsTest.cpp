#include <doctest/doctest.h>

#include "Entries.h"

using namespace oxcache;
using namespace oxcache::memory;

namespace {

std::uint64_t removals(const MemoryStore& store, RemovalCause cause) {
    return store.statistics().removals[static_cast<std::size_t>(cause)];
}

}  // namespace

TEST_CASE("AStoreHoldsAsManyEntriesAsItsCapacityAndNeverMore") {
    for (const std::uint64_t capacity : {1U, 2U, 10U, 100U, 1000U, 10'000U}) {
        ManualClock clock;
        MemoryStore store({.maxEntries = capacity}, clock);
        for (std::uint64_t i = 0; i < capacity; ++i) CHECK(store.put(entryOf(keyOf(i), "v"), {}));
        CHECK(store.statistics().entries == capacity);
        CHECK(removals(store, RemovalCause::Size) == 0);
        for (std::uint64_t i = 0; i < capacity; ++i) CHECK(valueOf(store, keyOf(i)));
        for (std::uint64_t i = 0; i < 3 * capacity; ++i) {
            store.put(entryOf("more:" + std::to_string(i), "v"), {});
            REQUIRE(store.statistics().entries <= capacity);
        }
        CHECK(store.statistics().entries == capacity);
        CHECK(removals(store, RemovalCause::Size) == 3 * capacity);
    }
}

TEST_CASE("ANewEntryIsThereRightAfterItsPut") {
    ManualClock clock;
    MemoryStore store({.maxEntries = 50}, clock);
    for (unsigned i = 0; i < 5000; ++i) {
        store.put(entryOf(keyOf(i), std::to_string(i)), {});
        REQUIRE(valueOf(store, keyOf(i)) == std::to_string(i));
    }
}

TEST_CASE("BytesAreBoundedByTheEntriesFootprint") {
    ManualClock clock;
    constexpr std::uint64_t kBytes = 100'000;
    MemoryStore store({.maxEntries = 1'000'000, .maxBytes = kBytes}, clock);
    for (unsigned i = 0; i < 2000; ++i) {
        CHECK(store.put(entryOf(keyOf(i), std::string(i % 977, 'x')), {}));
        REQUIRE(store.statistics().bytes <= kBytes);
    }
    std::uint64_t sum = 0;
    store.forEach([&](const Entry& entry) { sum += entry.footprint(); });
    CHECK(store.statistics().bytes == sum);
    CHECK(sum > kBytes * 9 / 10);
}

TEST_CASE("ACostCountsInsteadOfTheFootprint") {
    ManualClock clock;
    MemoryStore store({.maxEntries = 1000, .maxBytes = 100}, clock);
    for (unsigned i = 0; i < 10; ++i) store.put(entryOf(keyOf(i), "v"), {.cost = 10});
    CHECK(store.statistics().bytes == 100);
    CHECK(store.statistics().entries == 10);
    CHECK(store.put(entryOf("large", "v"), {.cost = 95}));
    CHECK(store.statistics().bytes <= 100);
    CHECK(valueOf(store, "large"));
    CHECK(store.put(entryOf("free", "v"), {.cost = 0}));
    CHECK(valueOf(store, "free"));
}

TEST_CASE("AnEntryHeavierThanTheStoreIsRefusedCountedAndRemovesTheOldOne") {
    ManualClock clock;
    MemoryStore store({.maxEntries = 1000, .maxBytes = 10'000}, clock);
    store.put(entryOf("a", "old"), {});
    store.put(entryOf("b", "other"), {});
    CHECK_FALSE(store.put(entryOf("a", std::string(20'000, 'x')), {}));
    CHECK_FALSE(valueOf(store, "a"));
    CHECK(valueOf(store, "b"));
    CHECK(store.statistics().tooLarge == 1);
}

TEST_CASE("ReplacingByAHeavierValueStaysWithinTheBytes") {
    ManualClock clock;
    MemoryStore store({.maxEntries = 100, .maxBytes = 1000}, clock);
    for (unsigned i = 0; i < 10; ++i) store.put(entryOf(keyOf(i), "v"), {.cost = 100});
    CHECK(store.put(entryOf(keyOf(3), "heavy"), {.cost = 600}));
    CHECK(valueOf(store, keyOf(3)) == "heavy");
    CHECK(store.statistics().bytes <= 1000);
    CHECK(store.put(entryOf(keyOf(3), "light"), {.cost = 1}));
    CHECK(valueOf(store, keyOf(3)) == "light");
    std::uint64_t entries = 0;
    store.forEach([&](const Entry&) { ++entries; });
    CHECK(store.statistics().entries == entries);
}

TEST_CASE("ResizeEvictsWhatNoLongerFitsBeforeItReturns") {
    ManualClock clock;
    MemoryStore store({.maxEntries = 10'000}, clock);
    for (unsigned i = 0; i < 10'000; ++i) store.put(entryOf(keyOf(i), "v"), {.cost = 10});
    store.resize(100, 0);
    CHECK(store.statistics().entries == 100);
    store.resize(1000, 500);
    CHECK(store.statistics().bytes <= 500);
    store.resize(2000, 0);
    for (unsigned i = 0; i < 2000; ++i) store.put(entryOf(keyOf(i), "v"), {.cost = 10});
    CHECK(store.statistics().entries == 2000);
    store.resize(0, 0);
    CHECK(store.statistics().entries == 0);
    CHECK_FALSE(store.put(entryOf("a", "v"), {}));
}

TEST_CASE("WeightReturnsToZeroWhateverTheWayOut") {
    ManualClock clock;
    MemoryStore store({.maxEntries = 1000, .maxBytes = 20'000}, clock);
    for (unsigned i = 0; i < 3000; ++i)
        store.put(entryOf(keyOf(i % 700), std::string(i % 100, 'x')),
                  {.ttl = Duration(1 + i % 1000)});
    for (unsigned i = 0; i < 300; ++i) store.invalidate(keyOf(i));
    clock.advance(Duration(1000));
    store.cleanUp();
    CHECK(store.statistics().entries == 0);
    CHECK(store.statistics().bytes == 0);
}
