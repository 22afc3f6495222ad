#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "support/TestService.h"
#include "support/Threads.h"
#include "support/Values.h"

using namespace std::chrono_literals;
using namespace oxcache;
using namespace oxcache::testing;

namespace {

constexpr int kRounds = 10'000;

/// Two threads that meet at the beginning of every round. Spins: a round is shorter than a wake-up.
class Rounds {
public:
    void meet(int round) {
        arrived_.fetch_add(1);
        while (arrived_.load() < 2 * (round + 1)) std::this_thread::yield();
    }

private:
    std::atomic<int> arrived_{0};
};

/// One thread loads, the other changes; `after` looks when both are done.
template <class Change, class After>
void race(const Cache& cache, int rounds, Change change, After after) {
    Rounds begin;
    Rounds end;
    const auto loadOnce = [&](int round) {
        const std::string key = "key" + std::to_string(round % 7);
        const int loaded = cache.getOrLoad<int>(key, [] { return -1; });
        CHECK((loaded == -1 || loaded == round));
    };
    const Joined loader([&] {
        for (int round = 0; round < rounds; ++round) {
            begin.meet(round);
            loadOnce(round);
            end.meet(round);
        }
    });
    for (int round = 0; round < rounds; ++round) {
        const std::string key = "key" + std::to_string(round % 7);
        cache.remove(key);
        begin.meet(round);
        change(key, round);
        end.meet(round);
        after(key, round);
    }
}

void neverLosesTo(const Cache& cache, int rounds) {
    race(
        cache, rounds, [&](const std::string& key, int round) { cache.set(key, round); },
        [&](const std::string& key, int round) { CHECK(cache.get<int>(key) == round); });
}

}  // namespace

TEST_CASE("ASetRacingALoadNeverLosesToItInL1") {
    const TestService test(onlyL1());
    neverLosesTo(test.cache(), kRounds);
}

TEST_CASE("ASetRacingALoadNeverLosesToItOverTwoLevels") {
    const TestService test;
    const Cache cache = test.cache();
    neverLosesTo(cache, kRounds);
    for (int i = 0; i < 7; ++i) {
        const std::string key = "key" + std::to_string(i);
        CHECK(cache.l2().get<int>(key) == cache.get<int>(key));
    }
}

TEST_CASE("ARemoveRacingALoadLeavesNothingOrALaterLoad") {
    const TestService test;
    const Cache cache = test.cache();
    // What a load that began before the remove leaves behind would be the removed value.
    std::atomic<int> database{0};
    Rounds begin;
    Rounds end;
    constexpr int kShort = kRounds / 4;
    const Joined loader([&] {
        for (int round = 0; round < kShort; ++round) {
            begin.meet(round);
            (void)cache.getOrLoad<int>("key", [&] { return database.load(); });
            end.meet(round);
        }
    });
    for (int round = 0; round < kShort; ++round) {
        begin.meet(round);
        database = round + 1;
        cache.remove("key");
        end.meet(round);
        CHECK(cache.get<int>("key").value_or(round + 1) == round + 1);
        CHECK(cache.l2().get<int>("key").value_or(round + 1) == round + 1);
    }
}

TEST_CASE("AClearRacingALoadLeavesNothingOrALaterLoad") {
    const TestService test;
    const Cache cache = test.cache();
    std::atomic<int> database{0};
    Rounds begin;
    Rounds end;
    constexpr int kShort = kRounds / 10;
    const Joined loader([&] {
        for (int round = 0; round < kShort; ++round) {
            begin.meet(round);
            (void)cache.getOrLoad<int>("key", [&] { return database.load(); });
            end.meet(round);
        }
    });
    for (int round = 0; round < kShort; ++round) {
        begin.meet(round);
        database = round + 1;
        cache.clear(round % 2 == 0 ? ClearMode::Remove : ClearMode::Expire);
        end.meet(round);
        CHECK(cache.get<int>("key").value_or(round + 1) == round + 1);
    }
}

TEST_CASE("AnotherProcessesSetIsSeenOnceItsMessageWasHeard") {
    const TestService mine;
    TestPlan plan;
    plan.origin = 2;
    const TestService other(plan, mine.clock, mine.backend);
    const Cache cache = mine.cache();
    const Cache their = other.cache();
    Rounds begin;
    Rounds end;
    constexpr int kShort = kRounds / 10;
    const Joined reader([&] {
        for (int round = 0; round < kShort; ++round) {
            begin.meet(round);
            (void)cache.getOrLoad<int>("key", [] { return -1; });
            end.meet(round);
        }
    });
    for (int round = 0; round < kShort; ++round) {
        begin.meet(round);
        their.set("key", round);
        end.meet(round);
        mine.bus->awaitHeard();
        CHECK(cache.get<int>("key") == round);
    }
}

// Whoever reads between the gap's first and last effect must not admit, for good, what the clear
// took.
TEST_CASE("AfterAGapNobodyServesWhatAClearTookWhoseMessageWasLost") {
    const TestService mine;
    TestPlan plan;
    plan.origin = 2;
    const TestService other(plan, mine.clock, mine.backend);
    const Cache cache = mine.cache();
    std::atomic<bool> done{false};
    std::vector<std::unique_ptr<Joined>> readers;
    for (int i = 0; i < 2; ++i)
        readers.push_back(std::make_unique<Joined>([&] {
            while (!done) (void)cache.get<int>("key");
        }));
    const EndOf end(done);
    for (int round = 0; round < kRounds / 4; ++round) {
        other.cache().set("key", round);
        mine.bus->awaitHeard();
        REQUIRE(cache.get<int>("key") == round);
        mine.bus->loseNext(1);
        other.cache().clear();
        mine.bus->gap();
        mine.bus->awaitHeard();
        CHECK(cache.get<int>("key") == std::nullopt);
    }
}

TEST_CASE("ManyThreadsReadingWritingAndClearingAgreeInTheEnd") {
    const TestService test;
    const Cache cache = test.cache();
    together(6, [&](int thread) {
        for (int i = 0; i < 500; ++i) {
            const std::string key = "key" + std::to_string(i % 5);
            switch ((i + thread) % 6) {
                case 0:
                    cache.set(key, i);
                    break;
                case 1:
                    cache.remove(key);
                    break;
                case 2:
                    (void)cache.getOrLoadMany<int>(
                        {"key0", "key3", "key4"}, [](const std::vector<std::string>& keys) {
                            return std::vector<std::optional<int>>(keys.size(), 7);
                        });
                    break;
                case 3:
                    cache.expire(key);
                    break;
                default:
                    (void)cache.getOrLoad<int>(key, [] { return 8; });
            }
            if (i % 100 == 99) cache.clear();
        }
    });
    for (int i = 0; i < 5; ++i) {
        const std::string key = "key" + std::to_string(i);
        const std::optional<int> near = cache.l1().get<int>(key);
        if (near) CHECK(near == cache.l2().get<int>(key));
    }
    const Statistics stats = cache.stats();
    CHECK(stats.requests == stats.hits + stats.misses + stats.stale + stats.errors);
}

TEST_CASE("AWriteWhereL1IsAllThereIsLeavesNoMomentWithoutAValue") {
    const TestService service(onlyL1());
    const Cache cache = service.cache();
    cache.set("k", std::string("0"));
    std::atomic<bool> done{false};
    std::atomic<int> misses{0};
    {
        const Joined reader([&] {
            while (!done)
                if (!cache.get<std::string>("k")) ++misses;
        });
        for (int i = 0; i < 20 * kRounds; ++i) cache.set("k", std::to_string(i));
        done = true;
    }
    CHECK(misses == 0);
}
