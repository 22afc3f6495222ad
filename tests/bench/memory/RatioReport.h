#pragma once

#include <map>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "TurnRatios.h"

namespace oxcache::bench {

/// The rates of all runs by name (`load/peer/threads:n`), and what they say about the targets. Of
/// the repetitions, which are mixed with those of the others, the median counts: what else the
/// machine does disturbs all alike then.
class RatioReport : public benchmark::ConsoleReporter {
public:
    RatioReport() : ConsoleReporter(OO_None) {}
    void ReportRuns(const std::vector<Run>& runs) override;
    /// A rate that was measured elsewhere, in calls a second.
    void take(const std::string& name, double rate) { rates_[name] = {rate}; }
    /// What was measured in turns, on one thread and on two.
    void take(const TurnRatios& alone, const TurnRatios& together) {
        alone_ = alone;
        together_ = together;
    }
    /// Prints ratios and targets.
    void conclude() const;

private:
    /// Calls a second; 0 if it was not run.
    double rate(const std::string& load, const std::string& peer, int threads) const;
    void target(const std::string& what, double ratio, bool atLeast, double bound) const;
    void hits() const;
    void misfits() const;
    void writes() const;
    void ahead(const std::string& load, int threads, const std::vector<std::string>& peers) const;

    static double median(std::vector<double> rates);

    std::map<std::string, std::vector<double>> rates_;
    TurnRatios alone_;
    TurnRatios together_;
};

}  // namespace oxcache::bench
