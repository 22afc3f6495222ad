#pragma once

#include <memory>
#include <vector>

#include "../redis-common/Bus.h"
#include "MapKeeper.h"

namespace oxcache::redis {

/// Where a bus listens in a cluster: at every master that serves anything, for what each of them
/// makes known. Looks at the map at every beat, so that a message missed by a node that came or a
/// slot that went is told as a gap within the declared bound. Thread-safe.
class ClusterPlan {
public:
    ClusterPlan(const ClusterSettings& settings, Bytes channel, const Log& log);

    std::vector<ListenPoint> points() const;
    /// The ranges whose slots have moved between nodes since the last question.
    std::vector<unsigned> moved();

private:
    void heard(const SlotMap& map);

    const Bytes channel_;
    LaneCounters counters_;
    Mutex mutex_;
    std::unique_ptr<SlotMap> last_ OXCACHE_GUARDED_BY(mutex_);
    std::vector<unsigned> moved_ OXCACHE_GUARDED_BY(mutex_);
    NodeTable nodes_;
    MapKeeper keeper_;
};

}  // namespace oxcache::redis
