#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "Lane.h"
#include "oxcache/spi/Plugin.h"

namespace oxcache::redis {

using Log = std::function<void(spi::LogLevel, const std::string&)>;

/// How changes are made known from a node: the command (PUBLISH, or SPUBLISH where shards have
/// channels of their own) and the channel. No channel: nothing is made known. `certain`: who
/// listens at the node hears it unless his connection breaks, so that a message needs no number
/// where it is published in one step with its put.
struct Outlet {
    Bytes command = "PUBLISH";
    Bytes channel{};
    bool certain = true;

    bool operator==(const Outlet&) const = default;
};

/// One server that has keys, and the lanes to it. Thread-safe.
class Node {
public:
    /// `counters` outlive the node.
    Node(const Settings& settings, Locator locator, Outlet outlet, LaneCounters& counters,
         const Log& log);

    /// The lane on which a key's commands travel, always the same.
    Lane& laneOf(Key key) noexcept;
    std::vector<std::unique_ptr<Lane>>& lanes() noexcept { return lanes_; }
    const Outlet& outlet() const noexcept { return *outlet_.load(std::memory_order_acquire); }
    /// Changes are made known there from now on.
    void outlet(Outlet outlet);

private:
    const Connector connector_;
    std::vector<std::unique_ptr<Lane>> lanes_;
    Mutex mutex_;
    /// All there ever were: somebody may be looking at an earlier one.
    std::deque<Outlet> outlets_ OXCACHE_GUARDED_BY(mutex_);
    std::atomic<const Outlet*> outlet_;
};

/// What an error reply says about where its command has to go. The server has not run the command
/// in either case but Here.
struct Direction {
    /// Here: the reply is the answer. Again: ask nodeOf() again, after a pause that grows. There:
    /// at once, at `node`.
    enum class Kind { Here, Again, There };
    Kind kind = Kind::Here;
    std::shared_ptr<Node> node{};
    /// ASKING goes before the command; for this one time.
    bool asking = false;
};

/// Which node has a key: what the plugins differ in. Thread-safe.
class Topology {
public:
    virtual ~Topology() = default;

    /// The node that takes reads and writes of the key now.
    virtual Result<std::shared_ptr<Node>> nodeOf(Key key, SteadyTime until) = 0;
    /// All nodes that take writes.
    virtual std::vector<std::shared_ptr<Node>> nodes() = 0;
    /// `node` answered a command for the key with an error, on the lane's connection of that
    /// number.
    virtual Direction direct(Key key, const std::shared_ptr<Node>& node, Lane& lane,
                             std::uint64_t connection, const Reply& error) = 0;
    /// `node` answered with an error when something was to be made known.
    virtual void unheard(const std::shared_ptr<Node>& node, const Reply& error) = 0;
    /// `node` could not be reached, or a connection to it was lost.
    virtual void troubled(const std::shared_ptr<Node>& node) = 0;
};

/// One node has all keys, at one place.
class SingleNode final : public Topology {
public:
    explicit SingleNode(std::shared_ptr<Node> node) : node_(std::move(node)) {}

    Result<std::shared_ptr<Node>> nodeOf(Key, SteadyTime) override { return node_; }
    std::vector<std::shared_ptr<Node>> nodes() override { return {node_}; }
    Direction direct(Key, const std::shared_ptr<Node>&, Lane&, std::uint64_t,
                     const Reply&) override {
        return {};
    }
    void unheard(const std::shared_ptr<Node>&, const Reply&) override {}
    void troubled(const std::shared_ptr<Node>&) override {}

private:
    const std::shared_ptr<Node> node_;
};

}  // namespace oxcache::redis
