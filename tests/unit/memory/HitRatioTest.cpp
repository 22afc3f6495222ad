#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <list>
#include <map>
#include <tuple>
#include <unordered_map>

#include "Entries.h"
#include "Traces.h"

using namespace oxcache;
using namespace oxcache::memory;

namespace {

// Hit ratios in %, measured with the peers' own code; see the traces' README.
struct Row {
    const char* trace;
    std::uint64_t entries;
    double lru;
    double s3fifo;
    double quickCache;
    double caffeine;

    double best() const { return std::max({s3fifo, quickCache, caffeine}); }
};

constexpr Row kRows[] = {
    {"loop", 256, 0, 0, 24.48, 22.62},
    {"loop", 512, 0, 0, 48.96, 48.90},
    {"gli", 500, 0.95, 16.13, 31.74, 32.24},
    {"gli", 1000, 11.21, 35.05, 48.93, 50.81},
    {"cs", 500, 1.83, 1.83, 27.78, 28.59},
    {"sprite", 500, 78.30, 78.94, 76.51, 76.30},
    {"sprite", 1000, 90.64, 89.36, 87.96, 86.13},
    {"multi1", 1000, 48.23, 57.82, 67.92, 68.34},
    {"multi2", 1000, 47.80, 49.80, 56.81, 55.63},
    {"corda", 512, 33.33, 33.33, 0.19, 32.10},
    {"corda", 4096, 33.33, 33.33, 33.33, 23.59},
    {"web07", 1000, 50.41, 54.11, 53.43, 49.42},
    {"cloudphysics", 5000, 19.62, 25.02, 21.77, 21.32},
    {"cloudphysics", 20000, 36.72, 38.16, 46.97, 46.82},
    {"oltp", 250, 16.47, 21.70, 18.87, 23.83},
    {"oltp", 500, 23.45, 32.64, 26.84, 32.19},
    {"oltp", 1000, 32.83, 40.84, 35.15, 39.76},
    {"oltp", 2000, 42.47, 47.01, 44.93, 45.92},
    {"p3", 16384, 2.07, 8.21, 6.93, 9.20},
    {"p3", 152508, 50.29, 53.44, 52.59, 46.83},
    {"orm-busy", 500, 69.28, 69.70, 65.59, 67.59},
    {"orm-busy", 2500, 82.19, 83.06, 82.25, 82.83},
    {"orm-busy", 10000, 89.49, 90.53, 89.87, 90.32},
};

constexpr unsigned kDefaultShards = 0;
constexpr std::uint64_t kSeed = 1;

const Trace& traceOf(const std::string& name) {
    static std::map<std::string, Trace> traces;
    const auto found = traces.find(name);
    return found != traces.end() ? found->second
                                 : traces.emplace(name, readTrace(name)).first->second;
}

double hitRatio(const Trace& trace, const MemoryOptions& options) {
    ManualClock clock;
    MemoryStore store(options, clock);
    std::uint64_t hits = 0;
    for (std::size_t i = 0; i < trace.keys.size(); ++i) {
        char bytes[sizeof trace.keys[i]];
        std::memcpy(bytes, &trace.keys[i], sizeof bytes);
        const Key key(bytes, sizeof bytes);
        if (store.visit(key, [](const Entry&) {}))
            ++hits;
        else if (options.maxBytes == 0)
            store.put(entryOf(key, ""), {});
        else
            store.put(entryOf(key, ""), {.cost = trace.sizes[i]});
    }
    return 100.0 * static_cast<double>(hits) / static_cast<double>(trace.keys.size());
}

double hitRatio(const Row& row, unsigned shards) {
    static std::map<std::tuple<std::string, std::uint64_t, unsigned>, double> known;
    const auto [at, fresh] = known.try_emplace({row.trace, row.entries, shards});
    if (fresh)
        at->second = hitRatio(traceOf(row.trace),
                              {.maxEntries = row.entries, .shards = shards, .seed = kSeed});
    return at->second;
}

double lruHitRatio(const Trace& trace, std::uint64_t maxBytes) {
    std::list<std::size_t> order;
    std::unordered_map<std::uint32_t, std::list<std::size_t>::iterator> places;
    std::uint64_t used = 0;
    std::uint64_t hits = 0;
    for (std::size_t i = 0; i < trace.keys.size(); ++i) {
        if (const auto found = places.find(trace.keys[i]); found != places.end()) {
            order.splice(order.end(), order, found->second);
            ++hits;
            continue;
        }
        for (used += trace.sizes[i]; used > maxBytes && !order.empty(); order.pop_front()) {
            used -= trace.sizes[order.front()];
            places.erase(trace.keys[order.front()]);
        }
        places.emplace(trace.keys[i], order.insert(order.end(), i));
    }
    return 100.0 * static_cast<double>(hits) / static_cast<double>(trace.keys.size());
}

}  // namespace

TEST_CASE("OnRecordedRunsTheStoreHitsMoreOftenThanItsPeers") {
    double sum = 0;
    double caffeine = 0;
    std::size_t close = 0;
    std::printf("%-12s %7s %6s %8s %12s %9s %6s\n", "trace", "entries", "LRU", "S3-FIFO",
                "quick_cache", "Caffeine", "ours");
    for (const Row& row : kRows) {
        const double ratio = hitRatio(row, kDefaultShards);
        const bool isClose = ratio >= row.best() - 0.5;
        std::printf("%-12s %7llu %6.2f %8.2f %12.2f %9.2f %6.2f%s\n", row.trace,
                    static_cast<unsigned long long>(row.entries), row.lru, row.s3fifo,
                    row.quickCache, row.caffeine, ratio,
                    isClose ? "" : "  more than 0.5 below the best");
        INFO(std::string(row.trace) << " " << row.entries);
        CHECK(ratio >= row.lru - 1.5);
        if (isClose) ++close;
        sum += ratio;
        caffeine += row.caffeine;
    }
    const std::size_t rows = std::size(kRows);
    std::printf("mean %.2f, Caffeine's %.2f; within 0.5 of the best in %zu of %zu\n",
                sum / static_cast<double>(rows), caffeine / static_cast<double>(rows), close, rows);
    CHECK((sum - caffeine) / static_cast<double>(rows) >= 1.5);
    CHECK(10 * close >= 8 * rows);
}

TEST_CASE("ShardsByDefaultCostLittleOfTheHitRatio") {
    for (const Row& row : kRows) {
        if (row.entries < 1000) continue;
        INFO(std::string(row.trace) << " " << row.entries);
        CHECK(hitRatio(row, kDefaultShards) >= hitRatio(row, 1) - 0.5);
    }
}

TEST_CASE("BoundedByBytesTheStoreHitsMoreOftenThanLru") {
    for (const char* name : {"cloudphysics", "adapt_size"}) {
        const Trace& trace = traceOf(name);
        std::map<std::uint32_t, std::uint64_t> sizes;
        for (std::size_t i = 0; i < trace.keys.size(); ++i) sizes[trace.keys[i]] = trace.sizes[i];
        std::uint64_t all = 0;
        for (const auto& [key, size] : sizes) all += size;
        double gained = 0;
        for (const std::uint64_t divisor : {300U, 100U, 30U, 10U, 3U}) {
            const std::uint64_t bytes = all / divisor;
            const double lru = lruHitRatio(trace, bytes);
            const double ours =
                hitRatio(trace, {.maxEntries = 1'000'000, .maxBytes = bytes, .seed = kSeed});
            std::printf("%-12s %10llu bytes: LRU %.2f, ours %.2f\n", name,
                        static_cast<unsigned long long>(bytes), lru, ours);
            INFO(std::string(name) << " " << bytes);
            CHECK(ours >= lru);
            gained += ours - lru;
        }
        CHECK(gained / 5 >= 2.0);
    }
}

TEST_CASE("OneSeedGivesOneHitRatio") {
    const MemoryOptions options{.maxEntries = 500, .shards = 4, .seed = 7};
    CHECK(hitRatio(traceOf("gli"), options) == hitRatio(traceOf("gli"), options));
}
