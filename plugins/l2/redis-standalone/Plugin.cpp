#include "oxcache/spi/Plugin.h"

#include "../redis-common/Bus.h"
#include "../redis-common/RedisStore.h"

namespace oxcache::redis {
namespace {

/// Where the one server is, and how we are to meet it.
struct Target {
    Endpoint endpoint;
    Settings settings;
};

Error wrong(const std::string& what) { return {ErrorCode::InvalidKey, "redis: " + what}; }

Result<ConnectionString> uriOf(const spi::OptionValues& options) {
    const std::string& text = options.text("connection_string");
    if (text.empty()) return ConnectionString{};
    auto uri = ConnectionString::parse(text);
    if (!uri) return uri;
    if (uri->scheme != "redis" && uri->scheme != "rediss" && uri->scheme != "unix")
        return wrong("connection_string: this plugin takes redis://, rediss:// and unix://; for " +
                     uri->scheme + ":// choose another plugin");
    if (uri->endpoints.size() != 1) return wrong("connection_string: one server is one host");
    if (uri->segments.size() > 1)
        return wrong("connection_string: after the host only a database's number may follow");
    if (!uri->segments.empty() && !uri->query.emplace("db", uri->segments[0]).second)
        return wrong("connection_string: the database is given twice");
    return uri;
}

Result<Target> targetOf(const spi::OptionValues& options) {
    const auto uri = uriOf(options);
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
        return wrong("a Unix socket has no TLS; unset tls or unix_socket");
    return target;
}

Locator at(const Endpoint& endpoint) {
    return [endpoint](SteadyTime) -> Result<Endpoint> { return endpoint; };
}

Error cannotBuild(const char* what, const std::exception& problem) {
    return {ErrorCode::Unavailable,
            std::string("redis: the ") + what + " cannot be built: " + problem.what()};
}

Result<std::unique_ptr<spi::RemoteStore>> storeFor(const spi::ExtensionContext& context) {
    try {
        const auto target = targetOf(context.options);
        if (!target) return target.error();
        const Settings& settings = target->settings;
        auto counters = std::make_shared<LaneCounters>();
        auto node = std::make_shared<Node>(settings, at(target->endpoint),
                                           outletOf(context, settings.login.database), *counters,
                                           context.log);
        return makeStore(settings, std::make_shared<SingleNode>(std::move(node)),
                         std::move(counters), context);
    } catch (const std::exception& problem) {
        return cannotBuild("store", problem);
    }
}

Result<std::unique_ptr<spi::InvalidationBus>> busFor(const spi::ExtensionContext& context) {
    try {
        const auto target = targetOf(context.options);
        if (!target) return target.error();
        const Settings& settings = target->settings;
        ListenPoint point;
        point.locator = at(target->endpoint);
        point.outlets = {outletOf(context, settings.login.database)};
        return makeBus(
            settings, [point] { return std::vector<ListenPoint>{point}; }, context);
    } catch (const std::exception& problem) {
        return cannotBuild("bus", problem);
    }
}

std::vector<spi::OptionSpec> table() {
    std::vector<spi::OptionSpec> table = Settings::table();
    spi::OptionSpec host, port, path;
    host.name = "host";
    host.help = "name or address of the server; 127.0.0.1 if unset";
    port.name = "port";
    port.type = spi::OptionType::Integer;
    port.least = 1;
    port.most = 65535;
    port.help = "its port; 6379 if unset";
    path.name = "unix_socket";
    path.type = spi::OptionType::Path;
    path.help = "path of the server's Unix socket, in place of host and port";
    table.insert(table.end(), {host, port, path});
    return table;
}

}  // namespace

/// The plugin `l2/redis-standalone`: one Redis server, as store and bus.
class RedisStandalonePlugin final : public spi::Plugin {
public:
    spi::PluginInfo info() const override { return {"redis-standalone", "0.1.0", "l2"}; }

    void registerExtensions(spi::ExtensionRegistry& registry) override {
        registry.options(table());
        registry.remoteStore(storeFor);
        registry.invalidationBus(busFor);
        registry.traits({true, {"pubsub", "tracking"}});
    }
};

}  // namespace oxcache::redis

using RedisStandalonePlugin = oxcache::redis::RedisStandalonePlugin;
OXCACHE_PLUGIN(RedisStandalonePlugin)
