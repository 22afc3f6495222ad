// A hit has a short way for what nearly every read meets, and a long one for the rest. Which way a
// read goes depends on the shape of entry and key and on what its thread did before; the answers do
// not.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "Entries.h"
#include "memory/ThreadRecords.h"
#include "support/CountedValue.h"

using namespace oxcache;
using namespace oxcache::memory;
using namespace oxcache::testing;
using namespace std::chrono_literals;

namespace {

std::vector<std::size_t> keySizes() {
    std::vector<std::size_t> sizes;
    for (std::size_t size = 0; size <= 66; ++size) sizes.push_back(size);
    for (const std::size_t size :
         {127U, 128U, 129U, 227U, 228U, 240U, 241U, 254U, 255U, 256U, 1000U})
        sizes.push_back(size);
    return sizes;
}

std::string keyOfSize(std::size_t size) {
    std::string key(size, 'k');
    for (std::size_t i = 0; i < size; ++i) key[i] = static_cast<char>('a' + i % 23);
    return key;
}

// With and without what stands in the header before the key.
std::vector<EntryAttributes> attributeShapes() {
    EntryAttributes stamped;
    stamped.epoch = 7;
    stamped.expireGeneration = 3;
    EntryAttributes full = stamped;
    full.version = {1, 2, 3};
    full.createdMs = 4;
    full.expiresMs = 5;
    return {EntryAttributes{}, stamped, full};
}

// The first read of a thread goes the long way, later ones the short one.
void checkRead(const MemoryStore& store, const std::string& key, const std::string& value) {
    for (int turn = 0; turn < 3; ++turn) {
        CHECK(valueOf(store, key) == value);
        const EntryPtr entry = store.acquire(key);
        REQUIRE(entry);
        CHECK(entry->key() == key);
        CHECK(entry->bytes() == value);
    }
}

}  // namespace

TEST_CASE("KeysOfEverySizeAreTheirOwn") {
    ManualClock clock;
    for (const EntryAttributes& attributes : attributeShapes()) {
        MemoryStore store({}, clock);
        for (const std::size_t size : keySizes())
            store.put(entryOf(keyOfSize(size), "of " + std::to_string(size), attributes), {});
        for (const std::size_t size : keySizes()) {
            CAPTURE(size);
            const std::string key = keyOfSize(size);
            checkRead(store, key, "of " + std::to_string(size));
            for (std::size_t at = 0; at < size; ++at) {
                std::string other = key;
                other[at] = '?';
                CHECK_FALSE(valueOf(store, other));
            }
        }
    }
}

// The key's size and what else an entry has are told by one word, which a size must not overflow.
TEST_CASE("AKeyMadeToLookLikeAnEntrysHeaderFindsNothing") {
    ManualClock clock;
    for (const EntryAttributes& attributes : attributeShapes()) {
        MemoryStore store({.maxEntries = 4, .shards = 1}, clock);
        const std::string tail(252, 'k');
        const auto made = [&](std::uint32_t number, std::size_t size) {
            std::string key(reinterpret_cast<const char*>(&number), sizeof number);
            return (key + tail + std::string(4096, 'k')).substr(0, size);
        };
        for (std::uint32_t i = 0; i < 3000; ++i) {
            const std::string key = tail + made(i, 4);
            store.put(entryOf(key, "v", attributes),
                      i % 2 == 0 ? Residence{} : Residence{.idle = 10s});
            store.put(entryOf("a key of twenty char", "v", attributes), {});
            const std::uint32_t size = 256;
            for (const std::string& other :
                 {made(size, 256), made(0, 256), made(attributes.expireGeneration, 256),
                  made(size, 768), made(size, 2048 + 20), made(size, 2048 + 256)}) {
                CHECK_FALSE(valueOf(store, other));
                const Key keys[] = {other};
                store.visitMany(keys,
                                [](std::size_t, const Entry* entry) { CHECK(entry == nullptr); });
            }
        }
    }
}

TEST_CASE("OneStoreHoldsEntriesOfAllShapes") {
    ManualClock clock;
    MemoryStore store({}, clock);
    const std::vector<EntryAttributes> shapes = attributeShapes();
    const auto nameOf = [](std::size_t i) { return "one of twenty bytes " + std::to_string(i); };
    for (std::size_t i = 0; i < 300; ++i)
        store.put(entryOf(nameOf(i), std::to_string(i), shapes[i % shapes.size()]),
                  i % 2 == 0 ? Residence{} : Residence{.idle = 10s});
    for (std::size_t i = 0; i < 300; ++i) checkRead(store, nameOf(i), std::to_string(i));
    clock.advance(10s);
    for (std::size_t i = 0; i < 300; ++i)
        CHECK(valueOf(store, nameOf(i)).has_value() == (i % 2 == 0));
}

TEST_CASE("ShortAndLongReadsEndAtTheSameMillisecond") {
    ManualClock clock;
    MemoryStore store({}, clock);
    const std::string key = keyOfSize(20);
    for (const EntryAttributes& attributes : attributeShapes()) {
        store.put(entryOf(key, "v", attributes), {.ttl = 100ms});
        checkRead(store, key, "v");
        clock.advance(99ms + 999'999ns);
        checkRead(store, key, "v");
        clock.advance(1ns);
        CHECK_FALSE(valueOf(store, key));
        CHECK_FALSE(store.acquire(key));
    }
}

TEST_CASE("ReadsOfSeveralStoresByOneThreadAreCountedWhereTheyBelong") {
    ManualClock clock;
    MemoryStore first({}, clock);
    MemoryStore second({}, clock);
    first.put(entryOf("a key of some length", "1"), {});
    second.put(entryOf("a key of some length", "2"), {});
    for (int i = 0; i < 10; ++i) {
        CHECK(valueOf(first, "a key of some length") == "1");
        CHECK(valueOf(first, "a key of some length") == "1");
        CHECK(valueOf(second, "a key of some length") == "2");
        CHECK_FALSE(valueOf(second, "another of the same."));
    }
    CHECK(first.statistics().hits == 20);
    CHECK(first.statistics().misses == 0);
    CHECK(second.statistics().hits == 10);
    CHECK(second.statistics().misses == 10);
}

TEST_CASE("AReaderMayReadAndWriteTheStoreAndGoOnReading") {
    ManualClock clock;
    MemoryStore store({.maxEntries = 1000}, clock);
    store.put(entryOf("the outermost of all", "outer"), {});
    checkRead(store, "the outermost of all", "outer");
    bool read = false;
    store.visit("the outermost of all", [&](const Entry& entry) {
        for (std::uint64_t i = 0; i < 3000; ++i) store.put(entryOf(keyOf(i), "v"), {});
        store.put(entryOf("the outermost of all", "replaced"), {});
        store.visit("the outermost of all", [&](const Entry& inner) {
            store.clear();
            store.cleanUp();
            CHECK(inner.bytes() == "replaced");
            CHECK_FALSE(valueOf(store, "the outermost of all"));
        });
        CHECK(entry.bytes() == "outer");
        read = true;
    });
    CHECK(read);
}

TEST_CASE("WhatIsReplacedIsFreedLittleByLittleAndNeverLeftBehind") {
    const int before = CountedValue::alive;
    ManualClock clock;
    {
        MemoryStore store({}, clock);
        int most = 0;
        for (int i = 0; i < 20'000; ++i) {
            CountedValue value(i);
            store.put(Entry::ofObject("k", {}, valueTypeOf<CountedValue>(), &value), {});
            most = std::max(most, CountedValue::alive - before);
        }
        CHECK(most <= static_cast<int>(2 * RetiredList::kCollectEntries + 64));
        store.cleanUp();
        CHECK(CountedValue::alive - before == 1);
    }
    CHECK(CountedValue::alive == before);
}
