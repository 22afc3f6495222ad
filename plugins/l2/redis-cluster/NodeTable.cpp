#include "NodeTable.h"

#include <algorithm>

namespace oxcache::redis {
namespace {

constexpr Duration kGrace{30'000};

Locator at(const Endpoint& endpoint) {
    return [endpoint](SteadyTime) -> Result<Endpoint> { return endpoint; };
}

Outlet ofRange(const Bytes& channel, unsigned range) {
    // oxcache:0:prefix becomes oxcache:{tag}:0:prefix.
    const std::size_t mark = channel.find(':') + 1;
    Outlet outlet{"SPUBLISH", channel.substr(0, mark)};
    outlet.channel += "{" + rangeTags()[range] + "}:" + channel.substr(mark);
    return outlet;
}

// A message crosses the cluster's own links, which may lose it.
Outlet ofCluster(const Bytes& channel) { return {"PUBLISH", channel, false}; }

bool serves(const SlotMap& map, const Endpoint& node, unsigned range) {
    if (!map.sharded()) return false;
    const Endpoint* owner = map.ownerOf(slotOf(rangeTags()[range]));
    return owner != nullptr && *owner == node;
}

}  // namespace

Outlet NodeTable::outletAt(const Bytes& channel, const SlotMap& map, const Endpoint& node) {
    if (channel.empty()) return {};
    for (unsigned range = 0; range < kRanges; ++range)
        if (serves(map, node, range)) return ofRange(channel, range);
    return ofCluster(channel);
}

std::vector<Outlet> NodeTable::outletsAt(const Bytes& channel, const SlotMap& map,
                                         const Endpoint& node) {
    std::vector<Outlet> outlets{ofCluster(channel)};
    for (unsigned range = 0; range < kRanges; ++range)
        if (serves(map, node, range)) outlets.push_back(ofRange(channel, range));
    return outlets;
}

std::shared_ptr<Node> NodeTable::nodeAt(const Endpoint& endpoint) {
    MutexLock lock(mutex_);
    Entry& entry = entries_[endpoint.text()];
    entry.wanted = std::chrono::steady_clock::now();
    if (!entry.node) {
        entry.endpoint = endpoint;
        const Outlet outlet = channel_.empty() ? Outlet{} : ofCluster(channel_);
        entry.node = std::make_shared<Node>(settings_, at(endpoint), outlet, counters_, log_);
    }
    return entry.node;
}

std::optional<Endpoint> NodeTable::endpointOf(const Node* node) const {
    MutexLock lock(mutex_);
    for (const auto& [name, entry] : entries_)
        if (entry.node.get() == node) return entry.endpoint;
    return std::nullopt;
}

void NodeTable::follow(const SlotMap& map, SteadyTime now) {
    std::vector<std::shared_ptr<Node>> gone;  // ends outside the lock
    MutexLock lock(mutex_);
    for (auto at = entries_.begin(); at != entries_.end();) {
        Entry& entry = at->second;
        const auto& masters = map.masters();
        if (std::find(masters.begin(), masters.end(), entry.endpoint) != masters.end()) {
            entry.node->outlet(outletAt(channel_, map, entry.endpoint));
            entry.wanted = now;
        } else if (now - entry.wanted > kGrace) {
            gone.push_back(std::move(entry.node));
            at = entries_.erase(at);
            continue;
        }
        ++at;
    }
}

}  // namespace oxcache::redis
