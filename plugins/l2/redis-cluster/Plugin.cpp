#include "oxcache/spi/Plugin.h"

#include "../redis-common/Bus.h"
#include "../redis-common/RedisStore.h"
#include "../redis-common/Registration.h"
#include "ClusterPlan.h"
#include "ClusterTopology.h"

namespace oxcache::redis {
namespace {

Result<std::unique_ptr<spi::RemoteStore>> storeFor(const spi::ExtensionContext& context) {
    const auto settings = ClusterSettings::from(context.options);
    if (!settings) return settings.error();
    auto counters = std::make_shared<LaneCounters>();
    auto topology = std::make_shared<ClusterTopology>(*settings, outletOf(context, 0).channel,
                                                      *counters, context.log);
    return makeStore(settings->data, std::move(topology), std::move(counters), context);
}

Result<std::unique_ptr<spi::InvalidationBus>> busFor(const spi::ExtensionContext& context) {
    const auto settings = ClusterSettings::from(context.options);
    if (!settings) return settings.error();
    auto plan = std::make_shared<ClusterPlan>(*settings, outletOf(context, 0).channel, context.log);
    return makeBus(
        settings->data, [plan] { return plan->points(); }, context,
        [plan] { return plan->moved(); });
}

}  // namespace

/// The plugin `l2/redis-cluster`: a Redis Cluster, as store and bus.
class RedisClusterPlugin final : public spi::Plugin {
public:
    spi::PluginInfo info() const override { return {"redis-cluster", "0.1.0", "l2"}; }

    void registerExtensions(spi::ExtensionRegistry& registry) override {
        registerStoreAndBus(registry, ClusterSettings::table(), storeFor, busFor);
    }
};

}  // namespace oxcache::redis

using RedisClusterPlugin = oxcache::redis::RedisClusterPlugin;
OXCACHE_PLUGIN(RedisClusterPlugin)
