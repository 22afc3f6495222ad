#include "oxcache/spi/Plugin.h"

#include "../redis-common/Bus.h"
#include "../redis-common/RedisStore.h"
#include "../redis-common/Registration.h"
#include "SentinelBus.h"
#include "SentinelTopology.h"

namespace oxcache::redis {
namespace {

Result<std::unique_ptr<spi::RemoteStore>> storeFor(const spi::ExtensionContext& context) {
    const auto settings = SentinelSettings::from(context.options);
    if (!settings) return settings.error();
    auto counters = std::make_shared<LaneCounters>();
    auto topology = std::make_shared<SentinelTopology>(
        *settings, outletOf(context, settings->data.login.database), *counters, context.log);
    return makeStore(settings->data, std::move(topology), std::move(counters), context);
}

Result<std::unique_ptr<spi::InvalidationBus>> busFor(const spi::ExtensionContext& context) {
    const auto settings = SentinelSettings::from(context.options);
    if (!settings) return settings.error();
    ListenPoint point;
    point.outlets = {outletOf(context, settings->data.login.database)};
    const auto make = [&](Locator locator) {
        point.locator = std::move(locator);
        return makeBus(
            settings->data, [point] { return std::vector<ListenPoint>{point}; }, context);
    };
    return std::unique_ptr<spi::InvalidationBus>(
        std::make_unique<SentinelBus>(*settings, make, context.log));
}

}  // namespace

/// The plugin `l2/redis-sentinel`: the master that sentinels name, as store and bus.
class RedisSentinelPlugin final : public spi::Plugin {
public:
    spi::PluginInfo info() const override { return {"redis-sentinel", "0.1.0", "l2"}; }

    void registerExtensions(spi::ExtensionRegistry& registry) override {
        registerStoreAndBus(registry, SentinelSettings::table(), storeFor, busFor);
    }
};

}  // namespace oxcache::redis

using RedisSentinelPlugin = oxcache::redis::RedisSentinelPlugin;
OXCACHE_PLUGIN(RedisSentinelPlugin)
