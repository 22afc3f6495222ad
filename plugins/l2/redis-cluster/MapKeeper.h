#pragma once

#include <functional>
#include <memory>
#include <random>
#include <thread>

#include "../redis-common/Topology.h"
#include "ClusterSettings.h"
#include "NodeTable.h"
#include "RefreshPlan.h"
#include "oxcache/base/Mutex.h"

namespace oxcache::redis {

/// The map, and a node for each of its masters. Immutable.
struct ClusterView {
    SlotMap map;
    std::vector<std::shared_ptr<Node>> nodes{};  // as map.masters()
};

/// Keeps the map of the cluster: asks for it when there is cause, one question at a time, on a
/// thread of its own. The nodes of the configuration are asked when no other answers. Thread-safe.
class MapKeeper {
public:
    /// Called by the keeper's thread before the map becomes the one that is given out.
    using OnMap = std::function<void(const SlotMap&)>;

    MapKeeper(const ClusterSettings& settings, NodeTable& nodes, OnMap onMap, Log log);
    ~MapKeeper();

    /// What is known now; waits for the first answer. Errors: Unavailable, Timeout.
    Result<std::shared_ptr<const ClusterView>> view(SteadyTime until);
    /// What is known now, if anything.
    std::shared_ptr<const ClusterView> known() const;
    /// How often nodes were asked so far.
    std::uint64_t refreshes() const;

    void want();
    void want(const RefreshPlan::Claim& claim);
    /// The node does not answer: it is not asked first, and there is cause to ask another.
    void suspect(const Endpoint& node);

private:
    void run();
    std::shared_ptr<const ClusterView> viewOf(SlotMap map);
    Result<SlotMap> ask(const std::vector<Endpoint>& informed);
    Result<SlotMap> askNode(const Endpoint& endpoint, SteadyTime until);
    Result<SlotMap> askSeed(const Endpoint& endpoint, SteadyTime until) const;
    std::vector<Endpoint> candidates(const std::vector<Endpoint>& informed);
    double chance() { return std::uniform_real_distribution<double>(0.0, 1.0)(random_); }
    void note(const Error& error);

    const ClusterSettings settings_;
    NodeTable& nodes_;
    const OnMap onMap_;
    const Log log_;
    mutable Mutex mutex_;
    CondVar changed_;
    bool running_ OXCACHE_GUARDED_BY(mutex_) = true;
    RefreshPlan plan_ OXCACHE_GUARDED_BY(mutex_);
    std::shared_ptr<const ClusterView> view_ OXCACHE_GUARDED_BY(mutex_);
    std::vector<Endpoint> suspects_ OXCACHE_GUARDED_BY(mutex_);
    std::uint64_t refreshes_ OXCACHE_GUARDED_BY(mutex_) = 0;
    Error lastError_ OXCACHE_GUARDED_BY(mutex_);

    // The thread's own.
    std::minstd_rand random_;
    bool logged_ = false;
    std::thread thread_;
};

}  // namespace oxcache::redis
