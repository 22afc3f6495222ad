#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <list>
#include <random>
#include <unordered_map>
#include <vector>

#include "Entries.h"
#include "Traces.h"

using namespace oxcache;
using namespace oxcache::memory;

namespace {

using Run = std::vector<std::uint32_t>;

double hitRatio(const Run& run, std::uint64_t entries) {
    ManualClock clock;
    MemoryStore store({.maxEntries = entries, .seed = 1}, clock);
    std::uint64_t hits = 0;
    for (const std::uint32_t id : run) {
        char bytes[sizeof id];
        std::memcpy(bytes, &id, sizeof id);
        const Key key(bytes, sizeof bytes);
        if (store.visit(key, [](const Entry&) {}))
            ++hits;
        else
            store.put(entryOf(key, ""), {});
    }
    return 100.0 * static_cast<double>(hits) / static_cast<double>(run.size());
}

double lruHitRatio(const Run& run, std::size_t entries) {
    std::list<std::uint32_t> order;
    std::unordered_map<std::uint32_t, std::list<std::uint32_t>::iterator> places;
    std::uint64_t hits = 0;
    for (const std::uint32_t id : run) {
        if (const auto found = places.find(id); found != places.end()) {
            order.splice(order.end(), order, found->second);
            ++hits;
            continue;
        }
        if (order.size() == entries) {
            places.erase(order.front());
            order.pop_front();
        }
        places.emplace(id, order.insert(order.end(), id));
    }
    return 100.0 * static_cast<double>(hits) / static_cast<double>(run.size());
}

/// Keys 0 to `keys` - 1, the first the most popular. The generator is the standard's, the
/// distribution our own, so that every platform makes the same run.
class Zipf {
public:
    explicit Zipf(std::uint32_t keys) {
        double sum = 0;
        for (std::uint32_t i = 1; i <= keys; ++i) below_.push_back(sum += std::pow(i, -0.9));
    }
    std::uint32_t next() {
        const double at = uniform() * below_.back();
        return static_cast<std::uint32_t>(std::lower_bound(below_.begin(), below_.end(), at) -
                                          below_.begin());
    }
    double uniform() { return static_cast<double>(generator_() >> 11) * 0x1p-53; }

private:
    std::mt19937_64 generator_{7};
    std::vector<double> below_;
};

constexpr std::size_t kRequests = 200'000;
constexpr std::uint32_t kNeverSeen = 1'000'000;

Run loop(std::uint32_t keys) {
    Run run;
    for (std::uint32_t i = 0; i < kRequests; ++i) run.push_back(i % keys);
    return run;
}

}  // namespace

TEST_CASE("ALoopLittleLargerThanTheStoreStillHits") {
    CHECK(lruHitRatio(loop(1100), 1000) == 0);
    CHECK(hitRatio(loop(1100), 1000) > 75);
    CHECK(hitRatio(loop(2000), 1000) > 45);
}

TEST_CASE("AScanDoesNotPushOutWhatIsPopular") {
    Zipf zipf(10'000);
    Run popular;
    Run scanned;
    for (std::uint32_t i = 0; i < kRequests; ++i) {
        popular.push_back(zipf.next());
        scanned.push_back(i / 5000 % 4 == 3 ? kNeverSeen + i : popular.back());
    }
    CHECK(hitRatio(popular, 1000) > lruHitRatio(popular, 1000) + 5);
    CHECK(hitRatio(scanned, 1000) > lruHitRatio(scanned, 1000) + 5);
    CHECK(hitRatio(scanned, 1000) > 0.75 * hitRatio(popular, 1000) - 1.5);
}

TEST_CASE("WhatIsPopularMayMove") {
    Zipf zipf(20'000);
    Run run;
    for (std::uint32_t i = 0; i < kRequests; ++i) run.push_back(i / 10'000 * 400 + zipf.next());
    CHECK(hitRatio(run, 1000) > lruHitRatio(run, 1000) - 0.5);
}

TEST_CASE("WhereRecencyIsAllTheStoreIsAsGoodAsLru") {
    Zipf random(1);
    Run stack;
    Run run;
    for (std::uint32_t i = 0; i < kRequests; ++i) {
        const auto depth = static_cast<std::size_t>(std::pow(random.uniform(), 4) * 3000);
        std::uint32_t id = i;
        if (depth < stack.size() && random.uniform() > 0.05) {
            const auto at = stack.end() - 1 - static_cast<std::ptrdiff_t>(depth);
            id = *at;
            stack.erase(at);
        }
        stack.push_back(id);
        run.push_back(id);
    }
    CHECK(hitRatio(run, 500) > lruHitRatio(run, 500) - 1.5);
    CHECK(hitRatio(run, 1000) > lruHitRatio(run, 1000) - 1.5);
}

// Recency alone, then a loop in which recency is worst, then recency again.
TEST_CASE("ChangesOfTheWorkAreFollowed") {
    const Run corda = readTrace("corda").keys;
    const Run loops = readTrace("loop").keys;
    Run run = corda;
    for (int i = 0; i < 5; ++i)
        for (const std::uint32_t id : loops) run.push_back(kNeverSeen + id);
    run.insert(run.end(), corda.begin(), corda.end());
    CHECK(hitRatio(run, 512) > 45);
}
