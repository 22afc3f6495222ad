#include "ClusterSettings.h"

namespace oxcache::redis {
namespace {

using spi::OptionSpec;
using spi::OptionType;

Error wrong(const std::string& what) { return {ErrorCode::InvalidKey, "redis: " + what}; }

Result<ConnectionString> uriOf(const spi::OptionValues& options) {
    const std::string& text = options.text("connection_string");
    if (text.empty()) return ConnectionString{};
    auto uri = ConnectionString::parse(text);
    if (!uri) return uri;
    if (uri->scheme != "redis+cluster")
        return wrong("connection_string: this plugin takes redis+cluster://; for " + uri->scheme +
                     ":// choose another plugin");
    if (!uri->segments.empty() || uri->query.count("db") > 0)
        return wrong("connection_string: a cluster has no numbered databases");
    return uri;
}

Result<void> readSeeds(const spi::OptionValues& options, const ConnectionString& uri,
                       ClusterSettings& settings) {
    settings.seeds = uri.endpoints;
    if (options.has("cluster.nodes")) {
        settings.seeds.clear();
        for (const std::string& row : options.list("cluster.nodes")) {
            const auto endpoint = endpointFrom(row);
            if (!endpoint) return wrong("cluster.nodes: " + endpoint.error().message);
            settings.seeds.push_back(*endpoint);
        }
    }
    if (settings.seeds.empty())
        return wrong("no node is named; set connection_string or cluster.nodes");
    if (!options.has("cluster.address_map")) return {};
    auto addresses = AddressMap::parse(options.list("cluster.address_map"));
    if (!addresses) return wrong("cluster.address_map: " + addresses.error().message);
    settings.addresses = std::move(*addresses);
    return {};
}

}  // namespace

Result<ClusterSettings> ClusterSettings::from(const spi::OptionValues& options) {
    const auto uri = uriOf(options);
    if (!uri) return uri.error();
    auto data = Settings::from(options, *uri);
    if (!data) return data.error();
    if (data->login.database != 0) return wrong("database: a cluster has no numbered databases");
    ClusterSettings settings;
    settings.data = std::move(*data);
    if (const auto read = readSeeds(options, *uri, settings); !read) return read.error();
    settings.refresh = options.duration("cluster.refresh");
    settings.pause = options.duration("cluster.refresh_pause");
    return settings;
}

std::vector<OptionSpec> ClusterSettings::table() {
    const auto row = [](std::string name, OptionType type, std::string defaultValue,
                        std::string help) {
        OptionSpec spec;
        spec.name = std::move(name);
        spec.type = type;
        spec.defaultValue = std::move(defaultValue);
        spec.help = std::move(help);
        return spec;
    };
    const auto within = [](OptionSpec spec, std::int64_t least, std::int64_t most) {
        spec.least = least;
        spec.most = most;
        return spec;
    };
    std::vector<OptionSpec> table = Settings::table();
    table.insert(
        table.end(),
        {row("cluster.nodes", OptionType::List, "", "some nodes as host:port, to begin with"),
         within(row("cluster.refresh", OptionType::Duration, "60s",
                    "how often nodes are asked who serves what, without any cause"),
                100, 3'600'000),
         within(row("cluster.refresh_pause", OptionType::Duration, "100ms",
                    "shortest time between two such questions, whatever the causes"),
                10, 60'000),
         row("cluster.address_map", OptionType::List, "",
             "ANNOUNCED=REACHABLE for addresses behind NAT, with or without ports")});
    return table;
}

}  // namespace oxcache::redis
