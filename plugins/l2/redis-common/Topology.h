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

/// What is to be done about a reply that speaks of the node instead of the command, which has not
/// been done then.
struct Verdict {
    /// Take: it is the answer. Again: at once, at `node`. Later: after a pause.
    enum class Act { Take, Again, Later };
    Act act = Act::Take;
    /// Null: where nodeOf() says.
    std::shared_ptr<Node> node{};
    /// ASKING goes before the command.
    bool asking = false;
};

/// Which node has a key: what the plugins differ in. Thread-safe.
class Topology {
public:
    virtual ~Topology() = default;

    /// The node that takes reads and writes of the key now.
    virtual Result<std::shared_ptr<Node>> nodeOf(Key key) = 0;
    /// All nodes that take writes.
    virtual std::vector<std::shared_ptr<Node>> nodes() = 0;

    /// Judges an error reply to a call that went to the node on one of its lanes.
    virtual Verdict judge(const std::shared_ptr<Node>&, Lane&, const Call&, const Reply&) {
        return {};
    }
    /// A call to the node ended without all its replies.
    virtual void failed(const std::shared_ptr<Node>&, const Call&) {}
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
