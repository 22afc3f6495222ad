#include <barrier>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "oxcache/base/Entry.h"
#include "support/CountedValue.h"

using namespace oxcache;
using oxcache::testing::CountedValue;
using oxcache::testing::valueTypeOf;

TEST_CASE("CountsHoldUnderThreadsAndTheLastOneDestroys") {
    constexpr int kThreads = 4;
    constexpr int kRounds = 2'000;
    EntryPtr shared;
    // Nobody counts while the entry of a round is made or its last owner is chosen.
    std::barrier<> phase(kThreads + 1);
    std::atomic<int> wrong{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i)
        threads.emplace_back([&] {
            for (int round = 0; round < kRounds; ++round) {
                phase.arrive_and_wait();
                EntryPtr mine = shared;
                phase.arrive_and_wait();
                for (int copy = 0; copy < 10; ++copy) {
                    EntryPtr other;
                    other = mine;
                    const auto* value = static_cast<const CountedValue*>(other->object());
                    if (value->number != round + 1 || other->key() != "key") ++wrong;
                }
                if (mine && round % 2 == 0) mine->markStale();
                mine = EntryPtr();
                phase.arrive_and_wait();
            }
        });
    for (int round = 0; round < kRounds; ++round) {
        CountedValue value(round + 1);
        shared = Entry::ofObject("key", {}, valueTypeOf<CountedValue>(), &value);
        phase.arrive_and_wait();
        phase.arrive_and_wait();
        shared = EntryPtr();
        phase.arrive_and_wait();
        if (CountedValue::alive != 1) ++wrong;  // only the moved-from one here
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(wrong == 0);
    CHECK(CountedValue::alive == 0);
}
