#pragma once

#include <map>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "Ceiling.h"

namespace oxcache::bench {

/// The rates of all runs, and what they say about the targets. Of the repetitions the median
/// counts.
class RatioReport : public benchmark::ConsoleReporter {
public:
    RatioReport() : ConsoleReporter(OO_None) {}
    void ReportRuns(const std::vector<Run>& runs) override;
    /// Prints ratios, targets, and what the ceiling leaves; false where a target was missed. Throws
    /// std::runtime_error where the ceiling cannot be measured.
    bool conclude(Ceiling& ceiling) const;

private:
    std::map<std::string, std::vector<double>> rates_;
};

}  // namespace oxcache::bench
