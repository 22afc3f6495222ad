#include <doctest/doctest.h>

#include <vector>

#include "Entries.h"
#include "support/Allocations.h"

using namespace std::chrono_literals;
using namespace oxcache;
using namespace oxcache::memory;
using oxcache::testing::AtEveryAllocation;

namespace {

/// What loads would do that come while `write` runs: capture, look, and, where nothing is found,
/// bring a value from below once the write is over. The captured counters.
template <class Write>
std::vector<std::uint64_t> loadsDuring(const MemoryStore& store, Key key, Write write) {
    std::vector<std::uint64_t> captured;
    captured.reserve(64);
    const AtEveryAllocation loadsCome([&] {
        const std::uint64_t counter = store.capture(key);
        if (!store.visit(key, [](const Entry&) {})) captured.push_back(counter);
    });
    write();
    return captured;
}

// With a deadline, so that memory is taken between all steps of linking.
const Residence kMinute{.ttl = 1min};

}  // namespace

TEST_CASE("ALoadThatMissesAValueBeingWrittenIsNotAdmittedOverIt") {
    ManualClock clock;
    MemoryStore store({.shards = 1}, clock);
    EntryPtr entry = entryOf("a", "written");
    const std::vector<std::uint64_t> loads =
        loadsDuring(store, "a", [&] { CHECK(store.put(std::move(entry), kMinute)); });
    REQUIRE_FALSE(loads.empty());
    for (const std::uint64_t captured : loads) {
        CHECK_FALSE(store.fill(entryOf("a", "loaded"), {}, captured));
        CHECK(valueOf(store, "a") == "written");
    }
}

TEST_CASE("ALoadThatMissesAValueBeingSettledIsNotAdmittedOverIt") {
    ManualClock clock;
    MemoryStore store({.shards = 1}, clock);
    const std::uint64_t begun = store.begin("a");
    EntryPtr entry = entryOf("a", "written");
    const std::vector<std::uint64_t> loads =
        loadsDuring(store, "a", [&] { CHECK(store.settle(std::move(entry), kMinute, begun)); });
    REQUIRE_FALSE(loads.empty());
    for (const std::uint64_t captured : loads) {
        CHECK_FALSE(store.fill(entryOf("a", "loaded"), {}, captured));
        CHECK(valueOf(store, "a") == "written");
    }
}

TEST_CASE("ALoadThatComesAfterAWriteWasRefusedIsAdmitted") {
    ManualClock clock;
    MemoryStore store({.shards = 1}, clock);
    const std::uint64_t first = store.begin("a");
    store.begin("a");
    CHECK_FALSE(store.settle(entryOf("a", "first"), kMinute, first));
    CHECK(store.fill(entryOf("a", "loaded"), {}, store.capture("a")));
}
