#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "reporting/ServiceCounters.h"

using namespace oxcache;
using oxcache::reporting::ServiceCounters;
using oxcache::reporting::StripedCounter;

TEST_CASE("ACounterSumsWhatAllThreadsAdd") {
    constexpr int kThreads = 20;  // more than there are stripes
    constexpr int kEach = 5'000;
    StripedCounter counter;
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i)
        threads.emplace_back([&] {
            for (int each = 0; each < kEach; ++each) counter.add();
            counter.add(7);
        });
    // Sums taken meanwhile never exceed the truth and never go back.
    std::uint64_t last = 0;
    bool ascending = true;
    for (int i = 0; i < 1'000; ++i) {
        const std::uint64_t now = counter.value();
        ascending = ascending && now >= last && now <= kThreads * (kEach + 7);
        last = now;
    }
    CHECK(ascending);
    for (std::thread& thread : threads) thread.join();
    CHECK(counter.value() == kThreads * (kEach + 7));
}

TEST_CASE("CountersDoNotShareTheirCounts") {
    StripedCounter one;
    StripedCounter other;
    one.add(5);
    CHECK(one.value() == 5);
    CHECK(other.value() == 0);
}

TEST_CASE("EveryRequestIsCountedOnceByItsAnswer") {
    ServiceCounters counters;
    int requests = 0;
    for (const Outcome outcome :
         {Outcome::Hit, Outcome::Stale, Outcome::Miss, Outcome::Unavailable, Outcome::Error})
        for (const Level level :
             {Level::None, Level::L1, Level::L2, Level::Fallback, Level::Loader}) {
            counters.request(outcome, level);
            ++requests;
        }
    CHECK(counters.l1Hits.value() == 1);
    CHECK(counters.l2Hits.value() == 1);
    CHECK(counters.fallbackHits.value() == 1);
    CHECK(counters.loaderHits.value() == 2);  // and what no level is named for
    CHECK(counters.misses.value() == 5);
    CHECK(counters.stale.value() == 5);
    CHECK(counters.errors.value() == 10);  // unavailable and error
    CHECK(requests == 25);
    CHECK(counters.loads.value() == 0);
}
