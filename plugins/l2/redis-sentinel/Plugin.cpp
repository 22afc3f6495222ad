#include "oxcache/spi/Plugin.h"

#include "../redis-common/PubSubBus.h"
#include "../redis-common/RedisStore.h"
#include "SentinelBus.h"
#include "SentinelTopology.h"

namespace oxcache::redis {
namespace {

Error cannotBuild(const char* what, const std::exception& problem) {
    return {ErrorCode::Unavailable,
            std::string("redis: the ") + what + " cannot be built: " + problem.what()};
}

Result<std::unique_ptr<spi::RemoteStore>> makeStore(const spi::ExtensionContext& context) {
    try {
        const auto settings = SentinelSettings::from(context.options);
        if (!settings) return settings.error();
        auto counters = std::make_shared<LaneCounters>();
        auto topology = std::make_shared<SentinelTopology>(*settings, *counters, context.log);
        return std::unique_ptr<spi::RemoteStore>(std::make_unique<RedisStore>(
            settings->data, std::move(topology), std::move(counters), context.clock,
            channelOf(context.keyPrefix, settings->data.login.database), context.log));
    } catch (const std::exception& problem) {
        return cannotBuild("store", problem);
    }
}

Result<std::unique_ptr<spi::InvalidationBus>> makeBus(const spi::ExtensionContext& context) {
    try {
        const auto settings = SentinelSettings::from(context.options);
        if (!settings) return settings.error();
        const Bytes channel = channelOf(context.keyPrefix, settings->data.login.database);
        const auto make = [&](Locator locator) -> std::unique_ptr<spi::InvalidationBus> {
            return std::make_unique<PubSubBus>(settings->data, std::move(locator), channel,
                                               context.log);
        };
        return std::unique_ptr<spi::InvalidationBus>(
            std::make_unique<SentinelBus>(*settings, make, context.log));
    } catch (const std::exception& problem) {
        return cannotBuild("bus", problem);
    }
}

}  // namespace

/// The plugin `l2/redis-sentinel`: the master that sentinels name, as store and bus.
class RedisSentinelPlugin final : public spi::Plugin {
public:
    spi::PluginInfo info() const override { return {"redis-sentinel", "0.1.0", "l2"}; }

    void registerExtensions(spi::ExtensionRegistry& registry) override {
        registry.options(SentinelSettings::table());
        registry.remoteStore(makeStore);
        registry.invalidationBus(makeBus);
    }
};

}  // namespace oxcache::redis

using RedisSentinelPlugin = oxcache::redis::RedisSentinelPlugin;
OXCACHE_PLUGIN(RedisSentinelPlugin)
