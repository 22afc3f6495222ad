// Measures L1 against what else there is for C++ and prints ratios. Options are Google Benchmark's;
// --benchmark_filter chooses loads, `load/peer`.
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "CaffeinePeer.h"
#include "MemoryLoads.h"
#include "RatioReport.h"
#include "TurnRatios.h"

int main(int argc, char** argv) {
    // Short runs, many of them and mixed, so that what disturbs the machine for a while hits all
    // peers alike; long enough that what the peer before has displaced from the processor's caches
    // counts little. Options of the command line count more.
    std::string defaults[] = {"--benchmark_min_time=0.05", "--benchmark_repetitions=15",
                              "--benchmark_enable_random_interleaving=true"};
    std::vector<char*> arguments{argv[0]};
    for (std::string& option : defaults) arguments.push_back(option.data());
    arguments.insert(arguments.end(), argv + 1, argv + argc);
    int count = static_cast<int>(arguments.size());
    benchmark::Initialize(&count, arguments.data());
    if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) return 2;
    oxcache::bench::registerReads();
    oxcache::bench::registerWrites();
    // Filtered runs are for a look at one peer.
    const bool all = benchmark::GetBenchmarkFilter().empty();
    oxcache::bench::RatioReport report;
    benchmark::RunSpecifiedBenchmarks(&report);
    if (all) {
        report.take(oxcache::bench::measureInTurns(1), oxcache::bench::measureInTurns(2));
        oxcache::bench::measureCaffeine(report);
    }
    report.conclude();
    if (all) oxcache::bench::reportFootprint();
    return 0;
}
