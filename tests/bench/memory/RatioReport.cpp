#include "RatioReport.h"

#include <algorithm>
#include <cstdio>

namespace oxcache::bench {

void RatioReport::ReportRuns(const std::vector<Run>& runs) {
    for (const Run& run : runs) {
        if (run.run_type != Run::RT_Iteration || run.error_occurred) continue;
        const auto items = run.counters.find("items_per_second");
        if (items == run.counters.end()) continue;
        // "load/peer/min_time:.../real_time/threads:n" without what stands between.
        const std::string& name = run.run_name.function_name;
        rates_[name + "/threads:" + std::to_string(run.threads)].push_back(items->second);
    }
}

double RatioReport::median(std::vector<double> rates) {
    const auto middle = rates.begin() + static_cast<std::ptrdiff_t>(rates.size() / 2);
    std::nth_element(rates.begin(), middle, rates.end());
    return *middle;
}

double RatioReport::rate(const std::string& load, const std::string& peer, int threads) const {
    const auto at = rates_.find(load + "/" + peer + "/threads:" + std::to_string(threads));
    if (at == rates_.end()) return 0;
    return median(at->second);
}

void RatioReport::target(const std::string& what, double ratio, bool atLeast, double bound) const {
    if (!(ratio > 0) || ratio > 1e9) return;
    const bool met = atLeast ? ratio >= bound : ratio <= bound;
    std::printf("%-66s %7.2f  %s %5.2f  %s\n", what.c_str(), ratio, atLeast ? ">=" : "<=", bound,
                met ? "met" : "NOT MET");
}

void RatioReport::hits() const {
    const auto of = [&](const std::string& peer, int threads) {
        return rate("hot", peer, threads);
    };
    target("hot keys, 1 thread: store / naive", of("store", 1) / of("naive", 1), true, 2.5);
    target("hot keys, 2 threads: store / naive", of("store", 2) / of("naive", 2), true, 5);
    target("in turns, 2 threads against 1: store / bare find", alone_.bare / together_.bare, true,
           0.95);
    target("in turns, 1 thread: time of store / bare find", alone_.bare, false, 2.2);
    target("in turns, 1 thread: time of store / without statistics", alone_.uncounted, false, 1.1);
    target("in turns, 2 threads: time of store / without statistics", together_.uncounted, false,
           1.1);
    target("hot keys, 1 thread: Cache::visit / naive", of("visit", 1) / of("naive", 1), true, 1);
    target("hot keys, 2 threads: Cache::visit / naive", of("visit", 2) / of("naive", 2), true, 1);
    target("hot keys, 1 thread: Cache::getShared / naive", of("getShared", 1) / of("naive", 1),
           true, 1);
    target("hot keys, 1 thread: Cache::get / naive", of("get", 1) / of("naive", 1), true, 1);
    for (const int threads : {1, 2})
        ahead("hot", threads, {"naive", "lru", "tbb", "rocks", "hyperclock", "caffeine"});
}

void RatioReport::misfits() const {
    target("a million keys: store / naive",
           rate("uniform", "store", 1) / rate("uniform", "naive", 1), true, 2);
    target("a million keys: batches of 16 / single reads",
           rate("uniform", "batch", 1) / rate("uniform", "store", 1), true, 2);
    target("a million keys, 2 threads: store / naive",
           rate("uniform", "store", 2) / rate("uniform", "naive", 2), true, 2);
}

void RatioReport::writes() const {
    for (const int threads : {1, 2})
        ahead("mixed", threads, {"naive", "lru", "rocks", "hyperclock", "caffeine"});
    target("writes, 1 thread: store / naive", rate("write", "store", 1) / rate("write", "naive", 1),
           true, 0.8);
    target("writes, 2 threads: store / naive",
           rate("write", "store", 2) / rate("write", "naive", 2), true, 1.2);
    for (const int threads : {1, 2})
        ahead("write", threads, {"lru", "rocks", "hyperclock", "caffeine"});
    target("time of a write that evicts / that replaces",
           rate("replace", "store", 1) / rate("evict", "store", 1), false, 3);
}

void RatioReport::ahead(const std::string& load, int threads,
                        const std::vector<std::string>& peers) const {
    double best = 0;
    std::string name;
    for (const std::string& peer : peers)
        if (const double now = rate(load, peer, threads); now > best) best = now, name = peer;
    target(load + ", " + std::to_string(threads) + " thread(s): store / best peer (" + name + ")",
           rate(load, "store", threads) / best, true, 1);
}

void RatioReport::conclude() const {
    std::printf("\n%-40s %12s\n", "median run", "ns per call");
    for (const auto& [name, rates] : rates_)
        std::printf("%-40s %12.1f\n", name.c_str(), 1e9 / median(rates));
    std::printf("\n%-66s %7s  %8s\n", "ratio", "is", "should be");
    hits();
    misfits();
    writes();
}

}  // namespace oxcache::bench
