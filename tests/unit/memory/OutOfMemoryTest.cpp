// A call that finds no memory fails, and leaves the store as sound as it was: whatever it was
// doing, and whichever of its allocations it was.
#include <doctest/doctest.h>

#include <new>

#include "Entries.h"
#include "support/Allocations.h"

using namespace std::chrono_literals;
using namespace oxcache;
using namespace oxcache::memory;
using oxcache::testing::AtEveryAllocation;

namespace {

std::uint64_t liveEntries(const MemoryStore& store) {
    std::uint64_t live = 0;
    store.forEach([&](const Entry&) { ++live; });
    return live;
}

// False if the call has fewer allocations and has been carried out.
template <class Call>
bool failsAtAllocation(int which, Call call) {
    int left = which;
    const AtEveryAllocation fail([&] {
        if (--left == 0) throw std::bad_alloc();
    });
    try {
        call();
        return false;
    } catch (const std::bad_alloc&) {
        return true;
    }
}

// Calls again with a later allocation failing until none does. How often it failed.
template <class MakeCall>
int failAtEachAllocation(const MemoryStore& store, MakeCall makeCall) {
    int failures = 0;
    for (int which = 1; failsAtAllocation(which, makeCall()); ++which) {
        ++failures;
        REQUIRE(store.statistics().entries == liveEntries(store));
    }
    REQUIRE(store.statistics().entries == liveEntries(store));
    return failures;
}

auto putOf(MemoryStore& store, const std::string& key, const Residence& residence) {
    return [&store, residence, entry = entryOf(key, "v")]() mutable {
        store.put(std::move(entry), residence);
    };
}

void checkStillWorks(MemoryStore& store) {
    store.resize(100, 0);
    CHECK(store.statistics().entries <= 100);
    CHECK(store.statistics().entries == liveEntries(store));
    store.clear();
    store.cleanUp();
    CHECK(store.statistics().entries == 0);
    CHECK(store.statistics().bytes == 0);
    store.put(entryOf("afterwards", "v"), {});
    CHECK(valueOf(store, "afterwards") == "v");
}

}  // namespace

TEST_CASE("APutWithoutMemoryLeavesTheStoreSound") {
    ManualClock clock;
    MemoryStore store({.maxEntries = 20'000, .shards = 1}, clock);
    // Just before the table has to grow.
    for (std::uint64_t i = 0; i < 11'400; ++i) store.put(entryOf(keyOf(i), "v"), {});
    int failures = 0;
    for (std::uint64_t i = 11'400; i < 11'700; ++i)
        failures += failAtEachAllocation(store, [&] {
            return putOf(store, keyOf(i), i % 2 == 0 ? Residence{} : Residence{.ttl = 1min});
        });
    CHECK(failures > 4);
    for (std::uint64_t i = 0; i < 11'700; ++i) REQUIRE(valueOf(store, keyOf(i)) == "v");
    checkStillWorks(store);
}

TEST_CASE("AnEvictionWithoutMemoryLeavesTheStoreSound") {
    ManualClock clock;
    MemoryStore store({.maxEntries = 1000, .shards = 1}, clock);
    std::uint64_t heard = 0;
    store.setListener([&](const Entry&, RemovalCause) { ++heard; });
    int failures = 0;
    for (std::uint64_t i = 0; i < 3000; ++i) {
        if (i % 3 == 0) valueOf(store, keyOf(i / 2));
        failures += failAtEachAllocation(
            store, [&] { return putOf(store, keyOf(i), {.ttl = 1min, .idle = 1s}); });
    }
    CHECK(failures > 1000);
    std::uint64_t removed = 0;
    for (const std::uint64_t removals : store.statistics().removals) removed += removals;
    CHECK(heard == removed);
    checkStillWorks(store);
}

TEST_CASE("AWriteThatFindsNoMemoryRefusesLoadsAllTheSame") {
    ManualClock clock;
    MemoryStore store({.maxEntries = 1000, .shards = 1}, clock);
    store.put(entryOf("first", "v"), {});  // makes the thread's record, which takes no lock
    int failures = 0;
    for (std::uint64_t i = 0; i < 3000; ++i) {
        const std::string key = keyOf(i);
        const std::uint64_t captured = store.capture(key);
        if (!failsAtAllocation(1, putOf(store, key, {.ttl = 1min}))) continue;
        ++failures;
        REQUIRE_FALSE(store.fill(entryOf(key, "late"), {}, captured));
    }
    CHECK(failures > 10);
}

TEST_CASE("AnEntryThatFoundNoMemoryCanBePutAgain") {
    ManualClock clock;
    MemoryStore store({.maxEntries = 1000, .shards = 1}, clock);
    int failures = 0;
    for (std::uint64_t i = 0; i < 3000; ++i) {
        const std::string key = keyOf(i);
        const EntryPtr held = entryOf(key, "v");
        const auto put = [&] { store.put(held, {.ttl = 1min}); };
        if (!failsAtAllocation(1, put)) continue;
        ++failures;
        put();
        // It, not a copy of it.
        REQUIRE(store.acquire(key).get() == held.get());
    }
    CHECK(failures > 10);
}

TEST_CASE("AReplacementWithoutMemoryKeepsTheOldValue") {
    ManualClock clock;
    MemoryStore store({.shards = 1}, clock);
    store.put(entryOf("a", "old"), {});
    for (int turn = 0; turn < 2000; ++turn)
        failAtEachAllocation(store, [&] { return putOf(store, "a", {.ttl = 1min}); });
    CHECK(valueOf(store, "a") == "v");
    checkStillWorks(store);
}

TEST_CASE("AClearWithoutMemoryEmptiesTheStoreOrLeavesItAsItWas") {
    ManualClock clock;
    int failures = 0;
    for (int turn = 0; turn < 3; ++turn) {
        MemoryStore store({.maxEntries = 1000, .shards = 1}, clock);
        for (std::uint64_t i = 0; i < 500; ++i) store.put(entryOf(keyOf(i), "v"), {});
        for (int which = 1;; ++which) {
            const bool failed = failsAtAllocation(which, [&] { store.clear(); });
            if (!failed) break;
            ++failures;
            const std::uint64_t left = store.statistics().entries;
            REQUIRE(left == liveEntries(store));
            REQUIRE((left == 0 || left == 500));
        }
        CHECK(store.statistics().entries == 0);
        checkStillWorks(store);
    }
    CHECK(failures > 3);
}
