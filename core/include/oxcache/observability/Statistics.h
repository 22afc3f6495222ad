#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace oxcache {

/// A service's counters since its start, and L1's present size. Reads: requests = hits + misses +
/// stale + errors; an outage counts as an error.
struct Statistics {
    std::uint64_t requests = 0;
    std::uint64_t hits = 0;
    std::uint64_t misses = 0;
    std::uint64_t stale = 0;
    std::uint64_t errors = 0;
    /// Loads begun, by fallback or loader, and those that failed.
    std::uint64_t loads = 0;
    std::uint64_t loadFailures = 0;
    /// Entries that L1 gave up for room.
    std::uint64_t evictions = 0;
    /// In L1 now; expired entries may be counted until they are swept.
    std::uint64_t entries = 0;
    std::uint64_t bytes = 0;

    std::uint64_t l1Hits = 0;
    std::uint64_t l2Hits = 0;
    /// Answers "known not to be there", among the hits and loads.
    std::uint64_t negatives = 0;
    /// Statements that the fallback sent to its database.
    std::uint64_t fallbackQueries = 0;
    /// Requests that joined another request's flight.
    std::uint64_t joined = 0;
    /// L2 bytes that were no entry of ours, and entries of another type than asked for.
    std::uint64_t undecodable = 0;
    std::uint64_t typeMismatches = 0;
    /// Values from below that an invalidation overtook: given to their caller, not kept.
    std::uint64_t fillsRefused = 0;
    std::uint64_t l2Errors = 0;
    std::uint64_t busMessages = 0;
    std::uint64_t busGaps = 0;
    /// False while invalidations may be lost unnoticed: what L1 takes then, it keeps for the
    /// service's `max_staleness` at most.
    bool busCovered = true;
    /// What the store of L2 counts by itself, by names that its plugin's README explains.
    std::vector<std::pair<std::string, std::uint64_t>> l2Counters{};
};

/// One level's state: 1 healthy, 0 unhealthy, 2 recovering.
struct Health {
    int l1 = 1;
    int l2 = 1;
    int fallback = 1;
    /// For people: what is wrong, empty when all is well.
    std::string text;
};

}  // namespace oxcache
