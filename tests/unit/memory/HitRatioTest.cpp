#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <map>

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

double hitRatio(const Trace& trace, std::uint64_t entries, unsigned shards) {
    ManualClock clock;
    MemoryStore store({.maxEntries = entries, .shards = shards, .seed = 1}, clock);
    std::uint64_t hits = 0;
    for (const std::uint32_t id : trace.keys) {
        char bytes[sizeof id];
        std::memcpy(bytes, &id, sizeof id);
        const Key key(bytes, sizeof bytes);
        if (store.visit(key, [](const Entry&) {}))
            ++hits;
        else
            store.put(entryOf(key, ""), {});
    }
    return 100.0 * static_cast<double>(hits) / static_cast<double>(trace.keys.size());
}

const Trace& traceOf(const std::string& name) {
    static std::map<std::string, Trace> traces;
    const auto found = traces.find(name);
    return found != traces.end() ? found->second
                                 : traces.emplace(name, readTrace(name)).first->second;
}

}  // namespace

TEST_CASE("OnRecordedRunsTheStoreHitsMoreOftenThanItsPeers") {
    double sum = 0;
    double caffeine = 0;
    int close = 0;
    for (const Row& row : kRows) {
        const double ratio = hitRatio(traceOf(row.trace), row.entries, 8);
        const double best = std::max({row.s3fifo, row.quickCache, row.caffeine});
        MESSAGE(std::string(row.trace) << " " << row.entries << ": " << ratio << " (best peer "
                                       << best << ", LRU " << row.lru << ")");
        CHECK(ratio > row.lru - 1.5);
        if (ratio > best - 0.5) ++close;
        sum += ratio;
        caffeine += row.caffeine;
    }
    const double rows = std::size(kRows);
    MESSAGE("mean " << sum / rows << ", Caffeine " << caffeine / rows << ", close to the best in "
                    << close << " of " << rows);
    CHECK(sum / rows > caffeine / rows + 1.0);
    CHECK(close >= 15);
}

TEST_CASE("ShardsCostLittleOfTheHitRatio") {
    double difference = 0;
    int rows = 0;
    for (const Row& row : kRows) {
        if (row.entries < 1000 || row.entries > 20'000 ||
            traceOf(row.trace).keys.size() > 1'000'000)
            continue;
        const Trace& trace = traceOf(row.trace);
        const double one = hitRatio(trace, row.entries, 1);
        const double eight = hitRatio(trace, row.entries, 8);
        MESSAGE(std::string(row.trace)
                << " " << row.entries << ": one shard " << one << ", eight " << eight);
        difference += one - eight;
        ++rows;
    }
    CHECK(difference / rows < 0.5);
}
