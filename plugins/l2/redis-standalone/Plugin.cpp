#include "oxcache/spi/Plugin.h"

#include "../redis-common/Bus.h"
#include "../redis-common/OptionRows.h"
#include "../redis-common/RedisStore.h"
#include "../redis-common/Registration.h"

namespace oxcache::redis {
namespace {

/// Where the one server is, and how we are to meet it.
struct Target {
    Endpoint endpoint;
    Settings settings;
};

Result<ConnectionString> serverOf(const spi::OptionValues& options) {
    auto uri = uriOf(options, {"redis", "rediss", "unix"});
    if (!uri || uri->scheme.empty()) return uri;
    if (uri->endpoints.size() != 1) return wrongOption("connection_string: one server is one host");
    if (uri->segments.size() > 1)
        return wrongOption("connection_string: after the host only a database's number may follow");
    if (!uri->segments.empty() && !uri->query.emplace("db", uri->segments[0]).second)
        return wrongOption("connection_string: the database is given twice");
    return uri;
}

Result<Target> targetOf(const spi::OptionValues& options) {
    const auto uri = serverOf(options);
    if (!uri) return uri.error();
    auto settings = Settings::from(options, *uri);
    if (!settings) return settings.error();
    Target target{{}, std::move(*settings)};
    if (!uri->endpoints.empty()) target.endpoint = uri->endpoints.front();
    if (options.has("host")) target.endpoint.host = options.text("host");
    if (options.has("port"))
        target.endpoint.port = static_cast<std::uint16_t>(options.integer("port"));
    if (options.has("unix_socket")) target.endpoint.unixPath = options.text("unix_socket");
    if (!target.endpoint.unixPath.empty() && target.settings.tls.enabled)
        return wrongOption("a Unix socket has no TLS; unset tls or unix_socket");
    return target;
}

Locator at(const Endpoint& endpoint) {
    return [endpoint](SteadyTime) -> Result<Endpoint> { return endpoint; };
}

Result<std::unique_ptr<spi::RemoteStore>> storeFor(const spi::ExtensionContext& context) {
    const auto target = targetOf(context.options);
    if (!target) return target.error();
    const Settings& settings = target->settings;
    auto counters = std::make_shared<LaneCounters>();
    auto node =
        std::make_shared<Node>(settings, at(target->endpoint),
                               outletOf(context, settings.login.database), *counters, context.log);
    return makeStore(settings, std::make_shared<SingleNode>(std::move(node)), std::move(counters),
                     context);
}

Result<std::unique_ptr<spi::InvalidationBus>> busFor(const spi::ExtensionContext& context) {
    const auto target = targetOf(context.options);
    if (!target) return target.error();
    const Settings& settings = target->settings;
    ListenPoint point;
    point.locator = at(target->endpoint);
    point.outlets = {outletOf(context, settings.login.database)};
    return makeBus(
        settings, [point] { return std::vector<ListenPoint>{point}; }, context);
}

std::vector<spi::OptionSpec> table() {
    std::vector<spi::OptionSpec> table = Settings::table();
    table.insert(
        table.end(),
        {row("host", spi::OptionType::Text, "",
             "name or address of the server; 127.0.0.1 if unset"),
         within(row("port", spi::OptionType::Integer, "", "its port; 6379 if unset"), 1, 65535),
         row("unix_socket", spi::OptionType::Path, "",
             "path of the server's Unix socket, in place of host and port")});
    return table;
}

}  // namespace

/// The plugin `l2/redis-standalone`: one Redis server, as store and bus.
class RedisStandalonePlugin final : public spi::Plugin {
public:
    spi::PluginInfo info() const override { return {"redis-standalone", "0.1.0", "l2"}; }

    void registerExtensions(spi::ExtensionRegistry& registry) override {
        registerStoreAndBus(registry, table(), storeFor, busFor);
    }
};

}  // namespace oxcache::redis

using RedisStandalonePlugin = oxcache::redis::RedisStandalonePlugin;
OXCACHE_PLUGIN(RedisStandalonePlugin)
