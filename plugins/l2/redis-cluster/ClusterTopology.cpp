#include "ClusterTopology.h"

#include "../redis-common/ErrorClass.h"

namespace oxcache::redis {

ClusterTopology::ClusterTopology(const ClusterSettings& settings, const Bytes& channel,
                                 LaneCounters& counters, const Log& log)
    : addresses_(settings.addresses),
      nodes_(settings.data, channel, counters, log),
      keeper_(
          settings, nodes_, [](const SlotMap&) {}, log) {}

Result<std::shared_ptr<Node>> ClusterTopology::nodeOf(Key key, SteadyTime until) {
    const auto known = keeper_.view(until);
    if (!known) return known.error();
    const ClusterView& view = **known;
    if (key.empty()) return anyNode(view);
    const Slot slot = slotOf(key);
    if (const auto index = view.map.indexOf(slot)) return view.nodes[*index];
    keeper_.want();
    return Error{ErrorCode::Unavailable, "redis: no node serves slot " + std::to_string(slot) +
                                             " (" + std::to_string(view.map.covered()) + " of " +
                                             std::to_string(kSlots) +
                                             " are served); is a master down without a replica?"};
}

/// For questions that every node answers; one that is connected, if any is.
Result<std::shared_ptr<Node>> ClusterTopology::anyNode(const ClusterView& view) {
    // In turn, so that one that is connected but does not answer is not the only one ever asked.
    const std::size_t first = turn_.fetch_add(1, std::memory_order_relaxed);
    for (std::size_t i = 0; i < view.nodes.size(); ++i) {
        const auto& node = view.nodes[(first + i) % view.nodes.size()];
        if (node->lanes().front()->connected()) return node;
    }
    if (!view.nodes.empty()) return view.nodes[first % view.nodes.size()];
    keeper_.want();
    return Error{ErrorCode::Unavailable, "redis: the cluster has no master that serves anything"};
}

std::vector<std::shared_ptr<Node>> ClusterTopology::nodes() {
    const auto view = keeper_.known();
    return view ? view->nodes : std::vector<std::shared_ptr<Node>>();
}

Direction ClusterTopology::direct(Key, const std::shared_ptr<Node>& node, Lane& lane,
                                  std::uint64_t connection, const Reply& error) {
    const auto answered = nodes_.endpointOf(node.get());
    if (answered)
        if (const auto redirection = Redirection::parse(error.text, *answered))
            return redirected(*redirection, *answered, lane, connection);
    if (error.text.starts_with("TRYAGAIN")) return {Direction::Kind::Again};
    // A script may publish only where the channel is served, and has done nothing then.
    const bool moved = error.text.find("Script attempted to access") != Bytes::npos;
    const ErrorClass kind = classOf(error);
    if (!moved && kind != ErrorClass::WrongNode && kind != ErrorClass::Moved &&
        kind != ErrorClass::Ask && !error.text.starts_with("LOADING"))
        return {};
    keeper_.want();
    return {Direction::Kind::Again};
}

Direction ClusterTopology::redirected(const Redirection& redirection, const Endpoint& answered,
                                      Lane& lane, std::uint64_t connection) {
    if (!redirection.target) {
        keeper_.want();
        return {Direction::Kind::Again};
    }
    const Endpoint target = addresses_.reachable(*redirection.target);
    if (redirection.ask) return {Direction::Kind::There, nodes_.nodeAt(target), true};
    if (target == answered) {
        // Another server is behind the address by now than at the other end of the connection.
        lane.renew(connection);
        keeper_.want();
        return {Direction::Kind::Again};
    }
    keeper_.want({redirection.slot, target});
    return {Direction::Kind::There, nodes_.nodeAt(target)};
}

void ClusterTopology::unheard(const std::shared_ptr<Node>& node, const Reply& error) {
    const auto answered = nodes_.endpointOf(node.get());
    if (!answered) return;
    const auto redirection = Redirection::parse(error.text, *answered);
    if (!redirection) return;
    if (redirection->target)
        keeper_.want({redirection->slot, addresses_.reachable(*redirection->target)});
    else
        keeper_.want();
}

void ClusterTopology::troubled(const std::shared_ptr<Node>& node) {
    if (const auto endpoint = nodes_.endpointOf(node.get())) keeper_.suspect(*endpoint);
}

}  // namespace oxcache::redis
