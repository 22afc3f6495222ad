// Measures the store against hiredis on one server and prints ratios, and what redis-benchmark
// reaches there. Options are Google Benchmark's; --benchmark_filter chooses loads, `load/side`.
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "Ceiling.h"
#include "Loads.h"
#include "RatioReport.h"
#include "support/RedisServer.h"

namespace {

int measure(int argc, char** argv) {
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
    oxcache::bench::Ceiling ceiling(server.port());
    oxcache::bench::registerHiredis(workload, kRepetitions);
    oxcache::bench::registerStore(workload, kRepetitions);
    oxcache::bench::RatioReport report;
    benchmark::RunSpecifiedBenchmarks(&report);
    // The stores end before the server.
    benchmark::ClearRegisteredBenchmarks();
    return report.conclude(ceiling) ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return measure(argc, argv);
    } catch (const std::exception& problem) {
        std::fprintf(stderr, "error: %s\n", problem.what());
        return 1;
    }
}
