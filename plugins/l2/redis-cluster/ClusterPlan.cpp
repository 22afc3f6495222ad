#include "ClusterPlan.h"

#include <algorithm>
#include <utility>

namespace oxcache::redis {
namespace {

ClusterSettings eachBeat(ClusterSettings settings) {
    settings.refresh = std::min(settings.refresh, settings.data.beat);
    return settings;
}

}  // namespace

ClusterPlan::ClusterPlan(const ClusterSettings& settings, Bytes channel, const Log& log)
    : channel_(std::move(channel)),
      nodes_(settings.data, Bytes(), counters_, log),
      keeper_(
          eachBeat(settings), nodes_, [this](const SlotMap& map) { heard(map); }, log) {}

void ClusterPlan::heard(const SlotMap& map) {
    MutexLock lock(mutex_);
    if (last_)
        for (const unsigned range : map.movedSince(*last_)) moved_.push_back(range);
    last_ = std::make_unique<SlotMap>(map);
}

std::vector<unsigned> ClusterPlan::moved() {
    MutexLock lock(mutex_);
    return std::exchange(moved_, {});
}

std::vector<ListenPoint> ClusterPlan::points() const {
    std::vector<ListenPoint> points;
    const auto view = keeper_.known();
    if (!view) return points;
    for (const Endpoint& master : view->map.masters()) {
        ListenPoint point;
        point.name = master.text();
        point.locator = [master](SteadyTime) -> Result<Endpoint> { return master; };
        if (!channel_.empty()) point.outlets = NodeTable::outletsAt(channel_, view->map, master);
        // With other channels it is another point.
        for (const Outlet& outlet : point.outlets) point.name += " " + outlet.channel;
        points.push_back(std::move(point));
    }
    return points;
}

}  // namespace oxcache::redis
