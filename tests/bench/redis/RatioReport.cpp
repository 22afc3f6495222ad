#include "RatioReport.h"

#include <algorithm>
#include <cstdio>

namespace oxcache::bench {
namespace {

struct Target {
    const char* load;
    double least;
};
constexpr Target kTargets[] = {
    {"get", 0.95},     {"set", 0.95},          {"set_publish", 0.95}, {"get50", 1.5},
    {"set50", 1.3},    {"set50_publish", 1.3}, {"get_batch", 0.7},    {"set_batch", 0.7},
    {"get_1mib", 0.9}, {"set_1mib", 0.9},
};

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values.empty() ? 0 : values[values.size() / 2];
}

}  // namespace

void RatioReport::ReportRuns(const std::vector<Run>& runs) {
    for (const Run& run : runs) {
        if (run.run_type != Run::RT_Iteration) continue;
        const auto rate = run.counters.find("items_per_second");
        if (rate == run.counters.end()) continue;
        const std::string name = run.run_name.function_name;
        rates_[name].push_back(rate->second.value);
    }
}

bool RatioReport::conclude(Ceiling& ceiling) const {
    bool all = true;
    std::printf("%-14s %12s %12s %7s %7s %17s %7s\n", "load", "oxcache/s", "hiredis/s", "ratio",
                "target", "redis-benchmark/s", "of it");
    for (const Target& target : kTargets) {
        const auto own = rates_.find(std::string(target.load) + "/oxcache");
        const auto peer = rates_.find(std::string(target.load) + "/hiredis");
        if (own == rates_.end() || peer == rates_.end()) continue;
        const double ratio = median(own->second) / median(peer->second);
        all = all && ratio >= target.least;
        std::printf("%-14s %12.0f %12.0f %7.2f %7.2f", target.load, median(own->second),
                    median(peer->second), ratio, target.least);
        if (const double most = ceiling.of(target.load); most > 0)
            std::printf(" %17.0f %7.2f", most, median(own->second) / most);
        std::printf("%s\n", ratio >= target.least ? "" : "  missed");
    }
    return all;
}

}  // namespace oxcache::bench
