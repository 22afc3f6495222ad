#include "MapKeeper.h"

#include <algorithm>
#include <utility>

#include "../redis-common/CommandWriter.h"
#include "../redis-common/Dialogue.h"

namespace oxcache::redis {
namespace {

using std::chrono::steady_clock;

// So many of the nodes that are known are asked before those of the configuration.
constexpr std::size_t kAsked = 3;

// Nothing about it: the server does not know it.
void askAboutShards(CommandWriter writer) { writer.command({"COMMAND", "INFO", "SPUBLISH"}); }

// A node that does not answer must not hold up the next one.
constexpr Duration kPatience{500};

Result<SlotMap> mapFrom(const Reply& slots, const Reply& shards, const Endpoint& asked,
                        const AddressMap& addresses) {
    auto map = SlotMap::parse(slots, asked, addresses);
    if (map && shards.isList() && shards.items.size() == 1) map->sharded(!shards.items[0].isNull());
    return map;
}

}  // namespace

MapKeeper::MapKeeper(const ClusterSettings& settings, NodeTable& nodes, OnMap onMap, Log log)
    : settings_(settings),
      nodes_(nodes),
      onMap_(std::move(onMap)),
      log_(std::move(log)),
      plan_(settings.refresh, settings.pause),
      random_(std::random_device{}()),
      thread_([this] { run(); }) {}

MapKeeper::~MapKeeper() {
    {
        MutexLock lock(mutex_);
        running_ = false;
        changed_.notifyAll();
    }
    thread_.join();
}

Result<std::shared_ptr<const ClusterView>> MapKeeper::view(SteadyTime until) {
    MutexLock lock(mutex_);
    // The first question has an end; later callers are told how it went.
    while (!view_ && running_ && refreshes_ == 0 && changed_.waitUntil(mutex_, until)) {
    }
    if (view_) return view_;
    if (lastError_) return lastError_;
    return Error{ErrorCode::Timeout, "redis: no node of the cluster has answered yet"};
}

std::shared_ptr<const ClusterView> MapKeeper::known() const {
    MutexLock lock(mutex_);
    return view_;
}

std::uint64_t MapKeeper::refreshes() const {
    MutexLock lock(mutex_);
    return refreshes_;
}

void MapKeeper::want() {
    MutexLock lock(mutex_);
    plan_.want();
    changed_.notifyAll();
}

void MapKeeper::want(const RefreshPlan::Claim& claim) {
    MutexLock lock(mutex_);
    const Endpoint* owner = view_ ? view_->map.ownerOf(claim.slot) : nullptr;
    if (owner != nullptr && *owner == claim.owner) return;
    plan_.want(claim);
    changed_.notifyAll();
}

void MapKeeper::suspect(const Endpoint& node) {
    MutexLock lock(mutex_);
    if (std::find(suspects_.begin(), suspects_.end(), node) == suspects_.end())
        suspects_.push_back(node);
    plan_.want();
    changed_.notifyAll();
}

void MapKeeper::run() {
    MutexLock lock(mutex_);
    while (running_) {
        if (steady_clock::now() < plan_.next()) {
            changed_.waitUntil(mutex_, plan_.next());
            continue;
        }
        plan_.begin();
        const std::vector<Endpoint> informed = plan_.informed();
        lock.unlock();
        Result<SlotMap> answer = ask(informed);
        std::shared_ptr<const ClusterView> view;
        if (answer) view = viewOf(std::move(*answer));
        note(answer ? Error{} : answer.error());
        lock.lock();
        plan_.end(view ? &view->map : nullptr, steady_clock::now(), chance());
        if (view) view_ = std::move(view);
        lastError_ = answer ? Error{} : answer.error();
        suspects_.clear();
        ++refreshes_;
        changed_.notifyAll();
    }
}

std::shared_ptr<const ClusterView> MapKeeper::viewOf(SlotMap map) {
    auto view = std::make_shared<ClusterView>();
    view->map = std::move(map);
    for (const Endpoint& master : view->map.masters()) view->nodes.push_back(nodes_.nodeAt(master));
    nodes_.follow(view->map, steady_clock::now());
    onMap_(view->map);
    return view;
}

/// Who knows more goes first, then some of the masters in any order, then all others.
std::vector<Endpoint> MapKeeper::candidates(const std::vector<Endpoint>& informed) {
    std::vector<Endpoint> order = informed;
    std::vector<Endpoint> suspects;
    MutexLock lock(mutex_);
    if (!view_) return order;
    std::vector<Endpoint> masters = view_->map.masters();
    std::shuffle(masters.begin(), masters.end(), random_);
    for (const Endpoint& master : masters) {
        const bool bad = std::find(suspects_.begin(), suspects_.end(), master) != suspects_.end();
        (bad ? suspects : order).push_back(master);
    }
    if (order.size() > kAsked) order.resize(kAsked);
    return order;
}

Result<SlotMap> MapKeeper::ask(const std::vector<Endpoint>& informed) {
    std::optional<SlotMap> best;
    Error error;
    const auto consider = [&](Result<SlotMap> answer) {
        if (!answer)
            error = answer.error();
        else if (!best || answer->covered() > best->covered())
            best = std::move(*answer);
        return best && best->covered() == kSlots;
    };
    for (const Endpoint& node : candidates(informed))
        if (consider(askNode(node, steady_clock::now() + kPatience))) return std::move(*best);
    for (const Endpoint& seed : settings_.seeds) {
        {
            MutexLock lock(mutex_);
            if (!running_) break;
        }
        if (consider(askSeed(seed, steady_clock::now() + kPatience))) break;
    }
    if (best) return std::move(*best);
    return Error{ErrorCode::Unavailable,
                 "redis: no node of the cluster could be asked; the last one: " + error.message};
}

/// On the node's own connection.
Result<SlotMap> MapKeeper::askNode(const Endpoint& endpoint, SteadyTime until) {
    const std::shared_ptr<Node> node = nodes_.nodeAt(endpoint);
    Call call;
    call.writer().command({"CLUSTER", "SLOTS"});
    askAboutShards(call.writer());
    call.commands = 2;
    node->lanes().front()->run(call, until);
    if (!call.replied()) return call.error;
    return mapFrom(call.replies[0], call.replies[1], endpoint, settings_.addresses);
}

/// A node of the configuration may be any node, under any name, so it gets a connection for this.
Result<SlotMap> MapKeeper::askSeed(const Endpoint& endpoint, SteadyTime until) const {
    const Connector connector(settings_.data,
                              [&](SteadyTime) -> Result<Endpoint> { return endpoint; });
    auto made = connector.connect({}, until);
    if (!made) return made.error();
    Dialogue dialogue(std::move(made->transport), made->server);
    Bytes command;
    CommandWriter(command).command({"CLUSTER", "SLOTS"});
    const auto slots = dialogue.ask(command, until);
    if (!slots) return slots.error();
    command.clear();
    askAboutShards(CommandWriter(command));
    const auto shards = dialogue.ask(command, until);
    if (!shards) return shards.error();
    return mapFrom(*slots, *shards, endpoint, settings_.addresses);
}

void MapKeeper::note(const Error& error) {
    if (error && !std::exchange(logged_, true))
        log_(spi::LogLevel::Warning, error.message);
    else if (!error && std::exchange(logged_, false))
        log_(spi::LogLevel::Information, "redis: nodes of the cluster answer again");
}

}  // namespace oxcache::redis
