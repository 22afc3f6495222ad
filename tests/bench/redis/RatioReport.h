#pragma once

#include <map>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

namespace oxcache::bench {

/// The rates of all runs, and what they say about the targets. Of the repetitions the median
/// counts.
class RatioReport : public benchmark::ConsoleReporter {
public:
    RatioReport() : ConsoleReporter(OO_None) {}
    void ReportRuns(const std::vector<Run>& runs) override;
    /// Prints ratios and targets; false where one was missed.
    bool conclude() const;

private:
    std::map<std::string, std::vector<double>> rates_;
};

}  // namespace oxcache::bench
