#include "coherence/StoreClock.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <set>
#include <thread>
#include <tuple>
#include <vector>

#include <doctest/doctest.h>

using namespace oxcache;
using namespace std::chrono_literals;
using oxcache::coherence::StoreClock;
using oxcache::coherence::VersionSource;

namespace {

constexpr std::int64_t kWall = 1'700'000'000'000;

}  // namespace

TEST_CASE("UntilAStoreHasAnsweredTheWallClockIsStoreTime") {
    ManualClock clock(kWall);
    const StoreClock time(clock);
    CHECK(time.nowMs() == clock.wallMs());
    clock.advance(1234ms);
    CHECK(time.nowMs() == clock.wallMs());
}

TEST_CASE("StoreTimeIsLearnedAndGoesOnWithTheSteadyClock") {
    ManualClock clock(kWall);
    StoreClock time(clock);
    CHECK(time.learn(kWall + 60'000, clock.steady()));
    CHECK(time.nowMs() == kWall + 60'000);
    clock.advance(500ms);
    CHECK(time.nowMs() == kWall + 60'500);
    CHECK(time.learn(kWall - 60'000, clock.steady()));
    CHECK(time.nowMs() == kWall - 60'000);
}

TEST_CASE("TheStoresAnswerIsAsOldAsHalfItsWay") {
    ManualClock clock(kWall);
    StoreClock time(clock);
    const SteadyTime asked = clock.steady();
    clock.advance(100ms);
    CHECK(time.learn(5'000'000, asked));
    CHECK(time.nowMs() == 5'000'050);
}

TEST_CASE("WhatIsNoTimeIsNotLearned") {
    ManualClock clock(kWall);
    StoreClock time(clock);
    for (const std::int64_t wrong :
         {std::int64_t{0}, std::int64_t{-1}, std::numeric_limits<std::int64_t>::min(),
          StoreClock::kMostMs + 1, std::numeric_limits<std::int64_t>::max()}) {
        CAPTURE(wrong);
        CHECK_FALSE(time.learn(wrong, clock.steady()));
        CHECK(time.nowMs() == clock.wallMs());
    }
    CHECK(time.learn(StoreClock::kMostMs, clock.steady()));
}

TEST_CASE("AVersionBearsStoreTimeAndOrigin") {
    ManualClock clock(kWall);
    StoreClock time(clock);
    VersionSource versions(time, 77);
    CHECK(versions.origin() == 77);
    const Version version = versions.next();
    CHECK(version.ms == static_cast<std::uint64_t>(clock.wallMs()));
    CHECK(version.origin == 77);
    time.learn(kWall + 5'000, clock.steady());
    CHECK(versions.next().ms == static_cast<std::uint64_t>(kWall) + 5'000);
}

TEST_CASE("VersionsAscendWhenTheClockJumpsBack") {
    ManualClock clock(kWall);
    StoreClock time(clock);
    VersionSource versions(time, 1);
    time.learn(kWall + 3'600'000, clock.steady());
    Version last = versions.next();
    time.learn(kWall, clock.steady());
    for (int i = 0; i < 100; ++i) {
        const Version next = versions.next();
        CHECK(next > last);
        last = next;
        clock.advance(1ms);
    }
    time.learn(kWall + 7'200'000, clock.steady());
    CHECK(versions.next().ms == static_cast<std::uint64_t>(kWall) + 7'200'000);
}

// More than the counter has room for: the versions go on into the next millisecond.
TEST_CASE("VersionsAscendHoweverManyAMillisecondHas") {
    ManualClock clock(kWall);
    const StoreClock time(clock);
    VersionSource versions(time, 1);
    Version last = versions.next();
    bool ascending = true;
    for (int i = 0; i < 2'500'000; ++i) {
        const Version next = versions.next();
        ascending = ascending && next > last;
        last = next;
    }
    CHECK(ascending);
    CHECK(last.ms == static_cast<std::uint64_t>(time.nowMs()) + 2);
}

TEST_CASE("VersionsFitTheirFieldsAtTheEndOfTime") {
    constexpr std::uint64_t kLimit53 = std::uint64_t{1} << 53;
    ManualClock clock(kWall);
    StoreClock time(clock);
    VersionSource versions(time, 1);
    time.learn(StoreClock::kMostMs, clock.steady());
    clock.advance(24h * 365);
    const Version version = versions.next();
    CHECK(version.ms == static_cast<std::uint64_t>(StoreClock::kMostMs));
    CHECK(version.ms < kLimit53);
    CHECK(versions.next() > version);
    ManualClock ancient(-kWall);
    const StoreClock before(ancient);
    VersionSource early(before, 1);
    const Version first = early.next();
    CHECK(first.ms == 0);
    CHECK(static_cast<bool>(first));
    CHECK(early.next() > first);
}

TEST_CASE("VersionsAreUniqueAndAscendUnderThreadsAndAJumpingClock") {
    constexpr int kThreads = 4;
    constexpr int kEach = 5'000;
    ManualClock clock(kWall);
    StoreClock time(clock);
    VersionSource versions(time, 9);
    std::atomic<bool> done{false};
    std::thread jumping([&] {
        for (std::int64_t jump = 0; !done; jump = (jump + 7'919) % 100'000) {
            time.learn(kWall + jump, clock.steady());
            clock.advance(1ms);
        }
    });
    std::vector<std::vector<Version>> made(kThreads);
    std::vector<std::thread> threads;
    for (auto& mine : made)
        threads.emplace_back([&versions, &mine] {
            for (int i = 0; i < kEach; ++i) mine.push_back(versions.next());
        });
    for (std::thread& thread : threads) thread.join();
    done = true;
    jumping.join();
    std::set<Version> all;
    for (const auto& mine : made) {
        bool ascending = true;
        for (std::size_t i = 1; i < mine.size(); ++i)
            ascending = ascending && mine[i - 1] < mine[i];
        CHECK(ascending);
        all.insert(mine.begin(), mine.end());
    }
    CHECK(all.size() == std::size_t{kThreads} * kEach);
}

TEST_CASE("RecentTimeFollowsTheStoresAndIsNeverInFront") {
    ManualClock clock(kWall);
    StoreClock time(clock);
    CHECK(time.recentMs() == time.nowMs());
    time.learn(kWall + 5'000, clock.steady());
    clock.advance(7ms);
    CHECK(time.recentMs() == kWall + 5'007);
    SystemClock machine;
    const StoreClock running(machine);
    for (int i = 0; i < 10'000; ++i) {
        const std::int64_t recent = running.recentMs();
        REQUIRE(recent <= running.nowMs());
    }
}

TEST_CASE("VersionsOfThreadsAreUniqueAndAscendForEachAndWithTime") {
    constexpr std::size_t kThreads = 4;
    constexpr int kEach = 5'000;
    ManualClock clock(kWall);
    const StoreClock time(clock);
    VersionSource versions(time, 9);
    const auto begun = static_cast<std::uint64_t>(time.nowMs());
    std::vector<std::vector<Version>> made(kThreads + 1);
    for (int round = 0; round < 2; ++round) {
        std::vector<std::thread> threads;
        for (std::size_t i = 0; i < kThreads; ++i)
            threads.emplace_back([&, i] {
                for (int j = 0; j < kEach; ++j)
                    made[i].push_back(versions.nextOfThread(time.nowMs()));
            });
        // Beside those that ascend for all.
        for (int j = 0; j < kEach; ++j) made[kThreads].push_back(versions.next());
        for (std::thread& thread : threads) thread.join();
        // Whoever comes in a later millisecond is later than all before.
        clock.advance(1ms);
        const Version later = versions.nextOfThread(time.nowMs());
        made.push_back({later});
        for (std::size_t i = 0; i <= kThreads; ++i) CHECK(made[i].back() < later);
    }
    std::set<Version> all;
    std::size_t count = 0;
    for (const auto& mine : made) {
        CHECK(std::is_sorted(mine.begin(), mine.end()));
        all.insert(mine.begin(), mine.end());
        count += mine.size();
    }
    CHECK(all.size() == count);
    CHECK(all.begin()->ms == begun);
    CHECK(all.rbegin()->ms == begun + 2);
}
