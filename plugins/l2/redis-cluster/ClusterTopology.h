#pragma once

#include <memory>
#include <vector>

#include "MapKeeper.h"
#include "NodeTable.h"

namespace oxcache::redis {

/// Keys lie where the cluster's map says, or where a node says that it should have said. A
/// redirection is followed at once and has the map asked for again. Thread-safe.
class ClusterTopology final : public Topology {
public:
    /// `channel` is the service's; empty: nothing is made known. `counters` outlive it.
    ClusterTopology(const ClusterSettings& settings, const Bytes& channel, LaneCounters& counters,
                    const Log& log);

    Result<std::shared_ptr<Node>> nodeOf(Key key, SteadyTime until) override;
    std::vector<std::shared_ptr<Node>> nodes() override;
    Direction direct(Key key, const std::shared_ptr<Node>& node, Lane& lane,
                     std::uint64_t connection, const Reply& error) override;
    void unheard(const std::shared_ptr<Node>& node, const Reply& error) override;
    void troubled(const std::shared_ptr<Node>& node) override;

    std::uint64_t refreshes() const { return keeper_.refreshes(); }

private:
    Result<std::shared_ptr<Node>> anyNode(const ClusterView& view);
    Direction redirected(const Redirection& redirection, const Endpoint& answered, Lane& lane,
                         std::uint64_t connection);

    const AddressMap addresses_;
    NodeTable nodes_;
    MapKeeper keeper_;
    std::atomic<std::size_t> turn_{0};
};

}  // namespace oxcache::redis
