// Measures the store against hiredis on one server and prints ratios. Options are Google
// Benchmark's;
// --benchmark_filter chooses loads, `load/side`.
#include <cstdio>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "Loads.h"
#include "RatioReport.h"
#include "support/RedisServer.h"

int main(int argc, char** argv) {
    constexpr int kRepetitions = 10;
    // The two sides mixed, so that what disturbs the machine for a while hits both alike; options
    // of the command line count more.
    std::string mixed = "--benchmark_enable_random_interleaving=true";
    std::vector<char*> arguments{argv[0], mixed.data()};
    arguments.insert(arguments.end(), argv + 1, argv + argc);
    int count = static_cast<int>(arguments.size());
    benchmark::Initialize(&count, arguments.data());
    if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) return 2;
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
