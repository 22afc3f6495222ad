#include "Topology.h"

#include <functional>

namespace oxcache::redis {

Node::Node(const Settings& settings, Locator locator, LaneCounters& counters, const Log& log)
    : connector_(settings, std::move(locator)) {
    const auto warn = [log](const std::string& text) { log(spi::LogLevel::Warning, text); };
    for (std::size_t i = 0; i < settings.connections; ++i)
        lanes_.push_back(std::make_unique<Lane>(settings, connector_, counters, warn));
}

Lane& Node::laneOf(Key key) noexcept {
    if (lanes_.size() == 1) return *lanes_.front();
    return *lanes_[std::hash<Key>()(key) % lanes_.size()];
}

}  // namespace oxcache::redis
