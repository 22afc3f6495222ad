#include "coherence/EpochTable.h"

#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

using namespace oxcache;
using oxcache::coherence::EpochTable;

namespace {

std::uint32_t stampOf(const EpochTable& epochs, unsigned range) {
    return epochs.stamp(range).load();
}

std::vector<std::uint32_t> allStamps(const EpochTable& epochs) {
    std::vector<std::uint32_t> stamps;
    for (unsigned range = 0; range < EpochTable::kRanges; ++range)
        stamps.push_back(stampOf(epochs, range));
    return stamps;
}

}  // namespace

// Slots as Redis Cluster computes them (CLUSTER KEYSLOT).
TEST_CASE("RangesFollowTheSlotsOfRedisCluster") {
    CHECK(EpochTable::rangeOf("foo") == 12182 / 256);
    CHECK(EpochTable::rangeOf("bar") == 5061 / 256);
    CHECK(EpochTable::rangeOf("hello") == 866 / 256);
    CHECK(EpochTable::rangeOf("123456789") == 0x31C3 / 256);
    CHECK(EpochTable::rangeOf("") == 0);
}

TEST_CASE("KeysWithOneHashTagShareARange") {
    CHECK(EpochTable::rangeOf("{user1000}.following") ==
          EpochTable::rangeOf("{user1000}.followers"));
    CHECK(EpochTable::rangeOf("{user1000}.following") == EpochTable::rangeOf("user1000"));
    CHECK(EpochTable::rangeOf("any{foo}thing") == EpochTable::rangeOf("foo"));
    CHECK(EpochTable::rangeOf("foo{bar}{zap}") == EpochTable::rangeOf("bar"));
    CHECK(EpochTable::rangeOf("foo{{bar}}zap") == EpochTable::rangeOf("{bar"));
}

// Without a tag the whole key counts: an empty tag, no end, an end without a beginning. Each of
// these keys would lie in the range of "", 0, or in that of "foo", if its tag were taken.
TEST_CASE("WhatIsNoHashTagIsPartOfTheKey") {
    CHECK(EpochTable::rangeOf("foo{}{bar}") == 8363 / 256);
    CHECK(EpochTable::rangeOf("{foo") != EpochTable::rangeOf("foo"));
    CHECK(EpochTable::rangeOf("foo}") != EpochTable::rangeOf("foo"));
    CHECK(EpochTable::rangeOf("{}foo") != 0);
}

TEST_CASE("KeysSpreadOverAllRanges") {
    std::set<unsigned> ranges;
    for (int i = 0; i < 2'000; ++i) {
        const unsigned range = EpochTable::rangeOf("key" + std::to_string(i));
        CHECK(range < EpochTable::kRanges);
        ranges.insert(range);
    }
    CHECK(ranges.size() == EpochTable::kRanges);
}

TEST_CASE("EveryRangeHasItsOwnStamp") {
    const EpochTable epochs;
    const std::vector<std::uint32_t> stamps = allStamps(epochs);
    CHECK(std::set<std::uint32_t>(stamps.begin(), stamps.end()).size() == EpochTable::kRanges);
    for (const std::uint32_t stamp : stamps) {
        CHECK(stamp != EpochTable::none());
        CHECK(epochs.current(stamp));
    }
}

TEST_CASE("AGapInARangeOutdatesOnlyThatRange") {
    EpochTable epochs;
    const std::vector<std::uint32_t> before = allStamps(epochs);
    epochs.advance(17);
    for (unsigned range = 0; range < EpochTable::kRanges; ++range)
        CHECK(epochs.current(before[range]) == (range != 17));
    CHECK(epochs.current(stampOf(epochs, 17)));
    CHECK(stampOf(epochs, 17) != before[17]);
}

TEST_CASE("AGapWithoutRangeOutdatesEverything") {
    EpochTable epochs;
    const std::vector<std::uint32_t> before = allStamps(epochs);
    epochs.advance(std::nullopt);
    for (const std::uint32_t stamp : before) CHECK_FALSE(epochs.current(stamp));
    for (const std::uint32_t stamp : allStamps(epochs)) CHECK(epochs.current(stamp));
}

TEST_CASE("AnUnknownRangeStandsForAll") {
    EpochTable epochs;
    const std::vector<std::uint32_t> before = allStamps(epochs);
    epochs.advance(EpochTable::kRanges);
    for (const std::uint32_t stamp : before) CHECK_FALSE(epochs.current(stamp));
}

TEST_CASE("WhatIsBoundToNoEpochStaysCurrent") {
    EpochTable epochs;
    CHECK(epochs.current(EpochTable::none()));
    epochs.advance(std::nullopt);
    epochs.advance(0);
    CHECK(epochs.current(EpochTable::none()));
}

TEST_CASE("AnEpochWrapsAroundWithinItsRange") {
    constexpr std::uint32_t kEpochs = std::uint32_t{1} << 25;
    EpochTable epochs;
    const std::vector<std::uint32_t> before = allStamps(epochs);
    // Of the first range and the last: neither may touch its neighbour or become timeless.
    for (const unsigned range : {0U, 63U}) {
        bool sound = true;
        for (std::uint32_t i = 1; i < kEpochs; ++i) {
            epochs.advance(range);
            const std::uint32_t stamp = stampOf(epochs, range);
            sound = sound && stamp != before[range] && stamp >> 25 == range + 1 &&
                    stamp != EpochTable::none();
        }
        CHECK(sound);
        epochs.advance(range);
        CHECK(stampOf(epochs, range) == before[range]);
    }
    CHECK(allStamps(epochs) == before);
}

TEST_CASE("CoverageIsRemembered") {
    EpochTable epochs;
    CHECK(epochs.covered());
    epochs.setCovered(false);
    CHECK_FALSE(epochs.covered());
    epochs.setCovered(true);
    CHECK(epochs.covered());
}

TEST_CASE("NoGapIsLostUnderThreads") {
    constexpr int kThreads = 4;
    constexpr std::uint32_t kEach = 5'000;
    EpochTable epochs;
    const std::uint32_t before = stampOf(epochs, 5);
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i)
        threads.emplace_back([&, i] {
            for (std::uint32_t gap = 0; gap < kEach; ++gap)
                epochs.advance(i % 2 == 0 ? std::optional<unsigned>(5) : std::nullopt);
        });
    for (std::thread& thread : threads) thread.join();
    CHECK(stampOf(epochs, 5) == before + kThreads * kEach);
    CHECK(stampOf(epochs, 6) == (std::uint32_t{7} << 25) + kThreads / 2 * kEach);
}
