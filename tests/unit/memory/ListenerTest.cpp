#include <doctest/doctest.h>

#include <map>
#include <vector>

#include "Entries.h"

using namespace oxcache;
using namespace oxcache::memory;

namespace {

struct Heard {
    explicit Heard(MemoryStore& store) {
        store.setListener([this](const Entry& entry, RemovalCause cause) {
            events.push_back({std::string(entry.key()) + "=" + std::string(entry.bytes()), cause});
        });
    }
    std::vector<std::pair<std::string, RemovalCause>> events;
    using Events = decltype(events);
};

}  // namespace

TEST_CASE("TheListenerHearsEveryCause") {
    ManualClock clock;
    MemoryStore store({}, clock);
    Heard heard(store);
    store.put(entryOf("a", "1"), {});
    CHECK(heard.events.empty());
    store.put(entryOf("a", "2"), {});
    store.invalidate("a");
    store.put(entryOf("b", "3"), {.ttl = Duration(5)});
    clock.advance(Duration(5));
    store.cleanUp();
    store.put(entryOf("c", "4"), {});
    store.clear();
    store.cleanUp();
    store.put(entryOf("d", "5"), {});
    store.resize(0, 0);
    CHECK(heard.events == Heard::Events{{"a=1", RemovalCause::Replaced},
                                        {"a=2", RemovalCause::Explicit},
                                        {"b=3", RemovalCause::Expired},
                                        {"c=4", RemovalCause::Cleared},
                                        {"d=5", RemovalCause::Size}});
    const MemoryStatistics statistics = store.statistics();
    for (const std::uint64_t count : statistics.removals) CHECK(count == 1);
    for (const std::uint64_t weight : statistics.removedWeight) CHECK(weight > 0);
}

TEST_CASE("AnExpiredEntryThatIsReplacedLeavesAsExpired") {
    ManualClock clock;
    MemoryStore store({}, clock);
    Heard heard(store);
    store.put(entryOf("a", "1"), {.ttl = Duration(5)});
    clock.advance(Duration(5));
    store.put(entryOf("a", "2"), {});
    CHECK(heard.events == Heard::Events{{"a=1", RemovalCause::Expired}});
}

TEST_CASE("TheListenerMayUseTheStore") {
    ManualClock clock;
    MemoryStore store({.maxEntries = 10}, clock);
    unsigned heard = 0;
    store.setListener([&](const Entry& entry, RemovalCause) {
        ++heard;
        CHECK_FALSE(valueOf(store, "absent"));
        store.invalidate(std::string(entry.key()));
    });
    for (unsigned i = 0; i < 100; ++i) store.put(entryOf(keyOf(i), "v"), {});
    CHECK(heard == 90);
    store.clear();
    store.cleanUp();
    CHECK(heard == 100);
}

TEST_CASE("EveryEntryThatCameInLeavesOnce") {
    ManualClock clock;
    std::map<std::string, int> balance;
    MemoryStore store({.maxEntries = 64}, clock);
    store.setListener(
        [&](const Entry& entry, RemovalCause) { --balance[std::string(entry.bytes())]; });
    for (unsigned i = 0; i < 5000; ++i) {
        const std::string value = std::to_string(i);
        ++balance[value];
        store.put(entryOf(keyOf(i * 7919 % 300), value), {.ttl = Duration(1 + i % 50)});
        if (i % 10 == 0) clock.advance(Duration(1));
        if (i % 97 == 0) store.invalidate(keyOf(i % 300));
        if (i % 1999 == 0) store.clear();
    }
    store.clear();
    store.cleanUp();
    for (const auto& one : balance) CHECK(one.second == 0);
}
