#pragma once

namespace oxcache::bench {

/// What a read of hot keys costs the store, in times of what it costs these two. The differences
/// are smaller than what neighbours do to a machine within a minute, so the three take turns of a
/// few milliseconds, and of the ratios of turns next to each other the median counts.
struct TurnRatios {
    double bare = 0;
    double uncounted = 0;
};

/// On one thread or two.
TurnRatios measureInTurns(int threads);

}  // namespace oxcache::bench
