#include "SentinelSettings.h"

#include <utility>

#include "../redis-common/OptionRows.h"

namespace oxcache::redis {
namespace {

using spi::OptionSpec;
using spi::OptionType;

Result<ConnectionString> sentinelsOf(const spi::OptionValues& options) {
    auto uri = uriOf(options, {"redis+sentinel"});
    if (!uri) return uri;
    if (uri->segments.size() > 2)
        return wrongOption(
            "connection_string: after the hosts only /MASTER or /MASTER/DB may follow");
    if (uri->segments.size() == 2 && !uri->query.emplace("db", uri->segments[1]).second)
        return wrongOption("connection_string: the database is given twice");
    return uri;
}

Result<void> readSentinels(const spi::OptionValues& options, const ConnectionString& uri,
                           SentinelSettings& settings) {
    settings.sentinels = uri.endpoints;
    if (options.has("sentinel.addresses")) {
        auto sentinels = endpointsOf(options, "sentinel.addresses", kSentinelPort);
        if (!sentinels) return sentinels.error();
        settings.sentinels = std::move(*sentinels);
    }
    if (!uri.segments.empty()) settings.master = uri.segments[0];
    if (options.has("sentinel.master")) settings.master = options.text("sentinel.master");
    if (settings.sentinels.empty())
        return wrongOption("no sentinel is named; set connection_string or sentinel.addresses");
    if (settings.master.empty())
        return wrongOption(
            "no master is named; write redis+sentinel://host:port/MASTER or set"
            " sentinel.master");
    auto addresses = addressesOf(options, "sentinel.address_map");
    if (!addresses) return addresses.error();
    settings.addresses = std::move(*addresses);
    return {};
}

/// What is not said of the sentinels' TLS is as for the master; credentials are never shared.
void readWatch(const spi::OptionValues& options, SentinelSettings& settings) {
    settings.watch = settings.data;
    settings.watch.login = {};
    settings.watch.connectTimeout = options.duration("sentinel.timeout");
    TlsSettings& tls = settings.watch.tls;
    const auto take = [&](const char* name, std::string& into) {
        if (options.has(name)) into = options.text(name);
    };
    take("sentinel.username", settings.watch.login.username);
    take("sentinel.password", settings.watch.login.password);
    if (options.has("sentinel.tls")) tls.enabled = options.boolean("sentinel.tls");
    if (options.has("sentinel.tls_verify")) tls.verify = options.boolean("sentinel.tls_verify");
    take("sentinel.tls_ca", tls.caLocation);
    take("sentinel.tls_certificate", tls.certificate);
    take("sentinel.tls_key", tls.key);
    take("sentinel.tls_server_name", tls.serverName);
}

}  // namespace

Result<SentinelSettings> SentinelSettings::from(const spi::OptionValues& options) {
    const auto uri = sentinelsOf(options);
    if (!uri) return uri.error();
    auto data = Settings::from(options, *uri);
    if (!data) return data.error();
    SentinelSettings settings;
    settings.data = std::move(*data);
    if (const auto read = readSentinels(options, *uri, settings); !read) return read.error();
    readWatch(options, settings);
    settings.data.login.masterOnly = true;
    settings.confirm = options.duration("sentinel.confirm");
    if (settings.watch.login.password.empty() && !settings.watch.login.username.empty())
        return wrongOption("sentinel.username is given without sentinel.password");
    if (settings.watch.tls.certificate.empty() != settings.watch.tls.key.empty())
        return wrongOption("sentinel.tls_certificate and sentinel.tls_key belong together");
    return settings;
}

std::vector<OptionSpec> SentinelSettings::table() {
    std::vector<OptionSpec> table = Settings::table();
    table.insert(
        table.end(),
        {row("sentinel.addresses", OptionType::List, "", "sentinels as host:port; port 26379"),
         row("sentinel.master", OptionType::Text, "", "the name under which they know the master"),
         row("sentinel.username", OptionType::Text, "", "ACL user at the sentinels"),
         secret(row("sentinel.password", OptionType::Text, "",
                    "what the sentinels ask for, not the master")),
         row("sentinel.tls", OptionType::Boolean, "", "encrypt to the sentinels; as tls if unset"),
         row("sentinel.tls_verify", OptionType::Boolean, "",
             "check the sentinels' certificates; as tls_verify if unset"),
         row("sentinel.tls_ca", OptionType::Path, "", "authorities; as tls_ca if unset"),
         row("sentinel.tls_certificate", OptionType::Path, "",
             "certificate shown to sentinels; as tls_certificate if unset"),
         row("sentinel.tls_key", OptionType::Path, "", "its private key; as tls_key if unset"),
         row("sentinel.tls_server_name", OptionType::Text, "",
             "name their certificates must bear; as tls_server_name if unset"),
         within(row("sentinel.timeout", OptionType::Duration, "300ms",
                    "how long one sentinel may take before the next one is asked"),
                10, 10'000),
         within(row("sentinel.confirm", OptionType::Duration, "10s",
                    "a master that no majority has named for so long is not trusted"),
                100, 600'000),
         row("sentinel.address_map", OptionType::List, "",
             "ANNOUNCED=REACHABLE for addresses behind NAT, with or without ports")});
    return table;
}

}  // namespace oxcache::redis
