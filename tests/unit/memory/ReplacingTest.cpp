// One entry in the place of another, of every kind and size: most replacements take a short way,
// and nothing may tell which.
#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "Entries.h"

using namespace oxcache;
using namespace oxcache::memory;
using namespace std::chrono_literals;

namespace {

std::uint64_t removed(const MemoryStore& store, RemovalCause cause) {
    return store.statistics().removals[static_cast<std::size_t>(cause)];
}

using Life = std::optional<Duration>;
const std::vector<Life> kLives{std::nullopt, 10s, 60s, 1000s};

}  // namespace

TEST_CASE("TheLaterLifeCountsWhateverTheEarlierOneWas") {
    for (const Life& earlier : kLives)
        for (const Life& later : kLives) {
            ManualClock clock;
            MemoryStore store({}, clock);
            store.put(entryOf("a", "one"), {.ttl = earlier});
            clock.advance(5s);
            store.put(entryOf("a", "two"), {.ttl = later});
            if (later) {
                clock.advance(*later - 1ms);
                store.cleanUp();
                CHECK(valueOf(store, "a") == "two");
                clock.advance(1ms);
            } else {
                clock.advance(1h);
            }
            CHECK(valueOf(store, "a").has_value() == !later);
        }
}

TEST_CASE("AReplacementThatExpiresLeavesMemoryUnread") {
    for (const Life& earlier : kLives)
        for (const Life& later : kLives) {
            ManualClock clock;
            MemoryStore store({}, clock);
            for (std::uint64_t i = 0; i < 100; ++i)
                store.put(entryOf(keyOf(i), "one"), {.ttl = earlier});
            clock.advance(5s);
            for (std::uint64_t i = 0; i < 100; ++i)
                store.put(entryOf(keyOf(i), "two"), {.ttl = later});
            // In steps, so that records of the earlier life come due on the way.
            for (int i = 0; i < 30; ++i) {
                clock.advance(40s);
                store.cleanUp();
            }
            CHECK(store.statistics().entries == (later ? 0 : 100));
            CHECK(removed(store, RemovalCause::Expired) == (later ? 100 : 0));
            CHECK(removed(store, RemovalCause::Replaced) == 100);
        }
}

TEST_CASE("WhatHadExpiredWhenItWasReplacedCountsAsExpired") {
    ManualClock clock;
    MemoryStore store({}, clock);
    // The first writes of a thread make room for what it will retire.
    for (int i = 0; i < 10; ++i) store.put(entryOf("b", "v"), {});
    // Shorter than the wheel's buckets, so that the write itself finds it.
    store.put(entryOf("a", "one"), {.ttl = 1ms});
    clock.advance(2ms);
    store.put(entryOf("a", "two"), {.ttl = 10s});
    store.put(entryOf("a", "three"), {.ttl = 10s});
    CHECK(removed(store, RemovalCause::Expired) == 1);
    CHECK(removed(store, RemovalCause::Replaced) == 10);
    CHECK(valueOf(store, "a") == "three");
}

TEST_CASE("BytesAreExactWhateverReplacesWhat") {
    constexpr std::uint64_t kMaxBytes = 20'000;
    ManualClock clock;
    MemoryStore store({.maxEntries = 64, .maxBytes = kMaxBytes}, clock);
    std::mt19937 random(7);
    for (int step = 0; step < 20'000; ++step) {
        const std::string key = keyOf(random() % 40);
        Residence residence;
        if (random() % 3 == 0) residence.ttl = Duration(1 + random() % 5000);
        if (random() % 8 == 0) residence.cost = random() % 900;
        if (random() % 8 == 0) residence.idle = 2s;
        EntryAttributes attributes;
        if (random() % 2 == 0) attributes.version = {1, 2, 3};
        if (random() % 2 == 0) attributes.createdMs = 5;
        if (random() % 3 == 0) attributes.epoch = 1;
        store.put(entryOf(key, std::string(random() % 700, 'v'), attributes), residence);
        clock.advance(Duration(random() % 20));
        CHECK(store.statistics().bytes <= kMaxBytes);
        if (step % 64 != 0) continue;
        std::uint64_t weight = 0;
        std::uint64_t entries = 0;
        store.cleanUp();
        store.forEach([&](const Entry& entry) {
            weight += store.inspect(entry.key())->weight;
            ++entries;
        });
        CHECK(store.statistics().bytes == weight);
        CHECK(store.statistics().entries == entries);
    }
    store.clear();
    store.cleanUp();
    CHECK(store.statistics().bytes == 0);
}

TEST_CASE("NothingOfAnEarlierEntrysTermsBindsALaterOne") {
    ManualClock clock;
    MemoryStore store({.maxBytes = 1000}, clock);
    const std::array<std::string_view, 1> tags{"t"};
    store.put(entryOf("tagged", "one"), {.tags = tags});
    store.put(entryOf("tagged", "two"), {});
    store.invalidateTag("t");
    CHECK(valueOf(store, "tagged") == "two");
    store.put(entryOf("idle", "one"), {.idle = 1s});
    store.put(entryOf("idle", "two"), {});
    clock.advance(1h);
    CHECK(valueOf(store, "idle") == "two");
    store.put(entryOf("heavy", "one"), {.cost = 500});
    store.put(entryOf("heavy", "two"), {});
    CHECK(store.inspect("heavy")->weight == entryOf("heavy", "two")->footprint());
    store.put(entryOf("heavy", "three"), {.cost = 400});
    CHECK(store.inspect("heavy")->weight == 400);
}

TEST_CASE("AnEntryThatOthersHoldOrHaveLinkedCanReplaceToo") {
    ManualClock clock;
    MemoryStore store({}, clock);
    MemoryStore other({}, clock);
    store.put(entryOf("a", "one"), {});
    const EntryPtr held = entryOf("a", "two");
    store.put(held, {});
    CHECK(store.acquire("a").get() == held.get());
    // In its own place.
    store.put(held, {.ttl = 10s});
    CHECK(valueOf(store, "a") == "two");
    CHECK(store.statistics().entries == 1);
    // An entry lives in one store at a time: the other one gets a copy.
    other.put(entryOf("a", "three"), {});
    other.put(held, {});
    CHECK(valueOf(other, "a") == "two");
    CHECK(other.acquire("a").get() != held.get());
    clock.advance(10s);
    CHECK_FALSE(valueOf(store, "a"));
    CHECK(valueOf(other, "a") == "two");
}

TEST_CASE("AFillThatWasOvertakenReplacesNothing") {
    ManualClock clock;
    MemoryStore store({}, clock);
    store.put(entryOf("a", "one"), {});
    const std::uint64_t captured = store.capture("a");
    CHECK(store.fill(entryOf("a", "two"), {}, captured));
    store.put(entryOf("a", "three"), {});
    CHECK_FALSE(store.fill(entryOf("a", "late"), {}, captured));
    CHECK(valueOf(store, "a") == "three");
    const std::uint64_t begun = store.begin("a");
    store.put(entryOf("a", "four"), {});
    CHECK_FALSE(store.settle(entryOf("a", "late"), {}, begun));
    CHECK_FALSE(valueOf(store, "a"));
}

TEST_CASE("AnEntryThatIsCopiedForItsTermsReplacesItsLikeWhateverItsSize") {
    ManualClock clock;
    MemoryStore store({}, clock);
    const std::array<std::string_view, 1> tags{"t"};
    const std::string key(100, 'k');
    for (const std::size_t size : {0U, 100U, 5'000U, 300'000U})
        for (const Residence& residence :
             {Residence{.idle = 10s}, Residence{.cost = 7}, Residence{.tags = tags}}) {
            const std::string one(size, '1');
            const std::string two(size, '2');
            store.put(entryOf(key, one), residence);
            CHECK(valueOf(store, key) == one);
            // Nobody else holds it, so its block goes when it has been copied.
            store.put(entryOf(key, two), residence);
            CHECK(valueOf(store, key) == two);
            CHECK(store.statistics().entries == 1);
            store.invalidate(key);
            CHECK_FALSE(valueOf(store, key));
        }
}

TEST_CASE("WhatItsTermsMakeTooLargeIsRefusedAndDisplacesNobody") {
    ManualClock clock;
    const std::uint64_t plain = entryOf("heavy", std::string(800, 'v'))->footprint();
    // Room for the entry as it comes, not for what an idle limit adds to it.
    MemoryStore store({.maxBytes = plain + 4}, clock);
    store.put(entryOf("a", "v"), {});
    store.put(entryOf("b", "v"), {});
    CHECK_FALSE(store.put(entryOf("heavy", std::string(800, 'v')), {.idle = 10s}));
    CHECK(store.statistics().tooLarge == 1);
    CHECK(valueOf(store, "a"));
    CHECK(valueOf(store, "b"));
    CHECK(store.put(entryOf("heavy", std::string(800, 'v')), {}));
    CHECK(store.statistics().bytes <= plain + 4);
}
