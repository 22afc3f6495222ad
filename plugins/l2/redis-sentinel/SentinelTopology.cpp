#include "SentinelTopology.h"

#include <algorithm>

#include "../redis-common/ErrorClass.h"

namespace oxcache::redis {

Duration pollPace(const SentinelSettings& settings) {
    return std::max(settings.confirm / 4, Duration(50));
}

Locator locatorOf(std::shared_ptr<SentinelResolver> resolver) {
    return [resolver = std::move(resolver)](SteadyTime until) { return resolver->locate(until); };
}

SentinelTopology::SentinelTopology(const SentinelSettings& settings, Outlet outlet,
                                   LaneCounters& counters, const Log& log)
    : resolver_(std::make_shared<SentinelResolver>(settings)),
      node_(std::make_shared<Node>(settings.data, locatorOf(resolver_), std::move(outlet), counters,
                                   log)),
      watch_(resolver_, pollPace(settings), log) {
    watch_.start(
        [this](const Endpoint& master) {
            for (const auto& lane : node_->lanes()) lane->renewUnless(master.text());
        },
        [](const SentinelResolver::Poll&) {});
}

SentinelTopology::~SentinelTopology() { watch_.stop(); }

// A master that became a replica, or one that is not ready: the sentinels know more by now, or
// soon.
Direction SentinelTopology::direct(Key, const std::shared_ptr<Node>&, Lane& lane,
                                   std::uint64_t connection, const Reply& error) {
    const bool wrong = classOf(error) == ErrorClass::WrongNode;
    if (!wrong && !error.text.starts_with("LOADING")) return {};
    lane.renew(connection);
    return {Direction::Kind::Again};
}

}  // namespace oxcache::redis
