#pragma once

#include <memory>
#include <vector>

#include "../redis-common/Topology.h"
#include "SentinelWatch.h"

namespace oxcache::redis {

/// One master has all keys; sentinels say which server that is. They are asked on every connection,
/// and again where a server turns out to be no master any more. Thread-safe.
class SentinelTopology final : public Topology {
public:
    SentinelTopology(const SentinelSettings& settings, Outlet outlet, LaneCounters& counters,
                     const Log& log);
    ~SentinelTopology() override;

    Result<std::shared_ptr<Node>> nodeOf(Key, SteadyTime) override { return node_; }
    std::vector<std::shared_ptr<Node>> nodes() override { return {node_}; }
    Direction direct(Key key, const std::shared_ptr<Node>& node, Lane& lane,
                     std::uint64_t connection, const Reply& error) override;
    void unheard(const std::shared_ptr<Node>&, const Reply&) override {}
    void troubled(const std::shared_ptr<Node>&) override {}

private:
    const std::shared_ptr<SentinelResolver> resolver_;
    const std::shared_ptr<Node> node_;
    SentinelWatch watch_;
};

/// How often all sentinels are asked.
Duration pollPace(const SentinelSettings& settings);

/// Asks the sentinels before every attempt to connect.
Locator locatorOf(std::shared_ptr<SentinelResolver> resolver);

}  // namespace oxcache::redis
