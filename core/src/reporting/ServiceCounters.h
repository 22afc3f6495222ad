#pragma once

#include "oxcache/base/Options.h"
#include "reporting/StripedCounter.h"

namespace oxcache::reporting {

/// What one service counts beside L1's own statistics. Stages and paths add, statistics() reads.
struct ServiceCounters {
    StripedCounter l1Hits, l2Hits, fallbackHits, loaderHits;
    StripedCounter misses, stale, errors;
    StripedCounter loads, loadFailures, negatives, joined;
    StripedCounter undecodable, typeMismatches, fillsRefused;
    StripedCounter l2Errors, busMessages, busGaps;

    /// Counts one request by its answer.
    void request(Outcome outcome, Level level) noexcept {
        switch (outcome) {
            case Outcome::Hit:
                hit(level);
                break;
            case Outcome::Stale:
                stale.add();
                break;
            case Outcome::Miss:
                misses.add();
                break;
            case Outcome::Unavailable:
            case Outcome::Error:
                errors.add();
                break;
        }
    }

private:
    void hit(Level level) noexcept {
        switch (level) {
            case Level::L1:
                l1Hits.add();
                break;
            case Level::L2:
                l2Hits.add();
                break;
            case Level::Fallback:
                fallbackHits.add();
                break;
            default:
                loaderHits.add();
        }
    }
};

}  // namespace oxcache::reporting
