#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "../redis-common/Topology.h"
#include "SlotMap.h"

namespace oxcache::redis {

/// The nodes that were met, by address: each has its connections, which outlive a change of the
/// map. A node that is in no map any more and that nobody uses goes after a while; who still uses
/// it keeps it. Thread-safe.
class NodeTable {
public:
    /// `channel` is the service's; empty: nothing is made known.
    NodeTable(const Settings& settings, Bytes channel, LaneCounters& counters, Log log)
        : settings_(settings),
          channel_(std::move(channel)),
          counters_(counters),
          log_(std::move(log)) {}

    std::shared_ptr<Node> nodeAt(const Endpoint& endpoint);
    /// Where the node is; nothing for a stranger.
    std::optional<Endpoint> endpointOf(const Node* node) const;
    /// Tells every node of the map where it makes changes known, and forgets who is of no use.
    void follow(const SlotMap& map, SteadyTime now);

    /// Where changes are made known that a node takes: the channel of the first range whose tag it
    /// serves, so that nobody but who listens there is bothered; where it serves none, or servers
    /// are too old for that, the channel that the whole cluster hears.
    static Outlet outletAt(const Bytes& channel, const SlotMap& map, const Endpoint& node);
    /// All that anybody could use at the node, according to this map or an older one.
    static std::vector<Outlet> outletsAt(const Bytes& channel, const SlotMap& map,
                                         const Endpoint& node);

private:
    struct Entry {
        Endpoint endpoint{};
        std::shared_ptr<Node> node{};
        SteadyTime wanted{};
    };

    const Settings settings_;
    const Bytes channel_;
    LaneCounters& counters_;
    const Log log_;
    mutable Mutex mutex_;
    std::map<std::string, Entry> entries_ OXCACHE_GUARDED_BY(mutex_);
};

}  // namespace oxcache::redis
