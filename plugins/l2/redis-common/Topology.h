#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "Lane.h"
#include "oxcache/spi/Plugin.h"

namespace oxcache::redis {

using Log = std::function<void(spi::LogLevel, const std::string&)>;

/// One server that has keys, and the lanes to it. Thread-safe.
class Node {
public:
    Node(const Settings& settings, Locator locator, LaneCounters& counters, const Log& log);

    /// The lane on which a key's commands travel, always the same.
    Lane& laneOf(Key key) noexcept;
    std::vector<std::unique_ptr<Lane>>& lanes() noexcept { return lanes_; }

private:
    const Connector connector_;
    std::vector<std::unique_ptr<Lane>> lanes_;
};

/// Which node has a key: what the plugins differ in. Thread-safe.
class Topology {
public:
    virtual ~Topology() = default;

    /// The node that takes reads and writes of the key now.
    virtual Result<std::shared_ptr<Node>> nodeOf(Key key) = 0;
    /// All nodes that take writes.
    virtual std::vector<std::shared_ptr<Node>> nodes() = 0;
};

/// One node has all keys; its locator says where it is.
class SingleNode final : public Topology {
public:
    explicit SingleNode(std::shared_ptr<Node> node) : node_(std::move(node)) {}

    Result<std::shared_ptr<Node>> nodeOf(Key) override { return node_; }
    std::vector<std::shared_ptr<Node>> nodes() override { return {node_}; }

private:
    const std::shared_ptr<Node> node_;
};

}  // namespace oxcache::redis
