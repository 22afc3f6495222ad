#include "ClusterSettings.h"

#include <utility>

#include "../redis-common/OptionRows.h"

namespace oxcache::redis {
namespace {

using spi::OptionSpec;
using spi::OptionType;

Result<ConnectionString> clusterOf(const spi::OptionValues& options) {
    auto uri = uriOf(options, {"redis+cluster"});
    if (uri && (!uri->segments.empty() || uri->query.count("db") > 0))
        return wrongOption("connection_string: a cluster has no numbered databases");
    return uri;
}

Result<std::vector<Endpoint>> seedsOf(const spi::OptionValues& options,
                                      const ConnectionString& uri) {
    Result<std::vector<Endpoint>> seeds = uri.endpoints;
    if (options.has("cluster.nodes")) seeds = endpointsOf(options, "cluster.nodes", kRedisPort);
    if (seeds && seeds->empty())
        return wrongOption("no node is named; set connection_string or cluster.nodes");
    return seeds;
}

}  // namespace

Result<ClusterSettings> ClusterSettings::from(const spi::OptionValues& options) {
    const auto uri = clusterOf(options);
    if (!uri) return uri.error();
    auto data = Settings::from(options, *uri);
    if (!data) return data.error();
    if (data->login.database != 0)
        return wrongOption("database: a cluster has no numbered databases");
    auto seeds = seedsOf(options, *uri);
    if (!seeds) return seeds.error();
    auto addresses = addressesOf(options, "cluster.address_map");
    if (!addresses) return addresses.error();
    ClusterSettings settings;
    settings.seeds = std::move(*seeds);
    settings.data = std::move(*data);
    settings.addresses = std::move(*addresses);
    settings.refresh = options.duration("cluster.refresh");
    settings.pause = options.duration("cluster.refresh_pause");
    return settings;
}

std::vector<OptionSpec> ClusterSettings::table() {
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
