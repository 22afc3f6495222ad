// Measures the store against hiredis on one server and prints ratios. Options are Google
// Benchmark's;
// --benchmark_filter chooses loads, `load/side`.
#include <cstdio>
#include <string>

#include <benchmark/benchmark.h>

#include "Loads.h"
#include "RatioReport.h"
#include "support/RedisServer.h"

int main(int argc, char** argv) {
    constexpr int kRepetitions = 3;
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    oxcache::testing::RedisServer server;
    const oxcache::bench::Workload workload{server.port()};
    oxcache::bench::registerHiredis(workload, kRepetitions);
    oxcache::bench::registerStore(workload, kRepetitions);
    oxcache::bench::RatioReport report;
    benchmark::RunSpecifiedBenchmarks(&report);
    // The stores end before the server.
    benchmark::ClearRegisteredBenchmarks();
    return report.conclude() ? 0 : 1;
}
