#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <oxcache/base/Options.h>

#include "LatencyHistogram.h"

namespace oxcache::demo {

/// What is to be asked, and how.
struct Workload {
    std::vector<std::string> keys;
    /// True: each key once, in order, shared among the threads. False: `requests` of them, drawn
    /// with Zipf popularity.
    bool inOrder = false;
    std::uint64_t requests = 0;
    unsigned threads = 1;
    double exponent = 0.99;
    /// Decides which keys are popular, and the draws of each thread.
    std::uint64_t seed = 1;

    std::uint64_t total() const noexcept { return inOrder ? keys.size() : requests; }
};

/// What the answers were. l1 + l2 + loads + errors are all requests; `negative` counts the answers
/// "not there" among the first three.
struct Tally {
    LatencyHistogram l1;
    LatencyHistogram l2;
    LatencyHistogram loads;
    std::uint64_t errors = 0;
    std::uint64_t negative = 0;
    /// Answers that a level could not be asked for.
    std::uint64_t degraded = 0;
    /// What the first error said.
    std::string firstError;
    /// From the first request to the last answer.
    std::chrono::nanoseconds elapsed{};

    std::uint64_t requests() const noexcept {
        return l1.count() + l2.count() + loads.count() + errors;
    }
    void merge(const Tally& other);
    void add(const Lookup<std::string>& answer, std::chrono::nanoseconds took);
};

/// Asks for one key; called from many threads.
using Ask = std::function<Lookup<std::string>(const std::string& key)>;
/// Told now and then how many requests have been answered; called on run()'s own thread.
using Progress = std::function<void(std::uint64_t done)>;

/// Runs a workload on threads of its own and joins them. What `ask` throws counts as an error.
Tally run(const Workload& workload, const Ask& ask, const Progress& progress);

}  // namespace oxcache::demo
