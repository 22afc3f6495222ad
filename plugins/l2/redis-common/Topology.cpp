#include "Topology.h"

#include <functional>
#include <utility>

namespace oxcache::redis {

Node::Node(const Settings& settings, Locator locator, Outlet outlet, LaneCounters& counters,
           const Log& log)
    : connector_(settings, std::move(locator)) {
    this->outlet(std::move(outlet));
    const auto warn = [log](const std::string& text) { log(spi::LogLevel::Warning, text); };
    for (std::size_t i = 0; i < settings.connections; ++i)
        lanes_.push_back(std::make_unique<Lane>(settings, connector_, counters, warn));
}

Lane& Node::laneOf(Key key) noexcept {
    if (lanes_.size() == 1) return *lanes_.front();
    return *lanes_[std::hash<Key>()(key) % lanes_.size()];
}

void Node::outlet(Outlet outlet) {
    MutexLock lock(mutex_);
    if (!outlets_.empty() && outlets_.back() == outlet) return;
    outlets_.push_back(std::move(outlet));
    outlet_.store(&outlets_.back(), std::memory_order_release);
}

}  // namespace oxcache::redis
