#include "SentinelSettings.h"

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
    if (uri->scheme != "redis+sentinel")
        return wrong("connection_string: this plugin takes redis+sentinel://; for " + uri->scheme +
                     ":// choose another plugin");
    if (uri->segments.size() > 2)
        return wrong("connection_string: after the hosts only /MASTER or /MASTER/DB may follow");
    if (uri->segments.size() == 2 && !uri->query.emplace("db", uri->segments[1]).second)
        return wrong("connection_string: the database is given twice");
    return uri;
}

Result<void> readSentinels(const spi::OptionValues& options, const ConnectionString& uri,
                           SentinelSettings& settings) {
    settings.sentinels = uri.endpoints;
    if (options.has("sentinel.addresses")) {
        settings.sentinels.clear();
        for (const std::string& row : options.list("sentinel.addresses")) {
            auto endpoint = endpointFrom(row);
            if (!endpoint) return wrong("sentinel.addresses: " + endpoint.error().message);
            if (endpoint->host == row) endpoint->port = kSentinelPort;
            settings.sentinels.push_back(*endpoint);
        }
    }
    if (!uri.segments.empty()) settings.master = uri.segments[0];
    if (options.has("sentinel.master")) settings.master = options.text("sentinel.master");
    if (settings.sentinels.empty())
        return wrong("no sentinel is named; set connection_string or sentinel.addresses");
    if (settings.master.empty())
        return wrong(
            "no master is named; write redis+sentinel://host:port/MASTER or set"
            " sentinel.master");
    if (!options.has("sentinel.address_map")) return {};
    auto addresses = AddressMap::parse(options.list("sentinel.address_map"));
    if (!addresses) return wrong("sentinel.address_map: " + addresses.error().message);
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
    const auto uri = uriOf(options);
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
        return wrong("sentinel.username is given without sentinel.password");
    if (settings.watch.tls.certificate.empty() != settings.watch.tls.key.empty())
        return wrong("sentinel.tls_certificate and sentinel.tls_key belong together");
    return settings;
}

std::vector<OptionSpec> SentinelSettings::table() {
    const auto row = [](std::string name, OptionType type, std::string defaultValue,
                        std::string help) {
        OptionSpec spec;
        spec.name = std::move(name);
        spec.type = type;
        spec.defaultValue = std::move(defaultValue);
        spec.help = std::move(help);
        return spec;
    };
    OptionSpec password = row("sentinel.password", OptionType::Text, "",
                              "what the sentinels ask for, not the master");
    password.secret = true;
    OptionSpec timeout = row("sentinel.timeout", OptionType::Duration, "300ms",
                             "how long one sentinel may take before the next one is asked");
    timeout.least = 10;
    timeout.most = 10'000;
    OptionSpec confirm = row("sentinel.confirm", OptionType::Duration, "10s",
                             "a master that no majority has named for so long is not trusted");
    confirm.least = 100;
    confirm.most = 600'000;
    std::vector<OptionSpec> table = Settings::table();
    table.insert(
        table.end(),
        {row("sentinel.addresses", OptionType::List, "", "sentinels as host:port; port 26379"),
         row("sentinel.master", OptionType::Text, "", "the name under which they know the master"),
         row("sentinel.username", OptionType::Text, "", "ACL user at the sentinels"), password,
         row("sentinel.tls", OptionType::Boolean, "", "encrypt to the sentinels; as tls if unset"),
         row("sentinel.tls_verify", OptionType::Boolean, "",
             "check the sentinels' certificates; as tls_verify if unset"),
         row("sentinel.tls_ca", OptionType::Path, "", "authorities; as tls_ca if unset"),
         row("sentinel.tls_certificate", OptionType::Path, "",
             "certificate shown to sentinels; as tls_certificate if unset"),
         row("sentinel.tls_key", OptionType::Path, "", "its private key; as tls_key if unset"),
         row("sentinel.tls_server_name", OptionType::Text, "",
             "name their certificates must bear; as tls_server_name if unset"),
         timeout, confirm,
         row("sentinel.address_map", OptionType::List, "",
             "ANNOUNCED=REACHABLE for addresses behind NAT, with or without ports")});
    return table;
}

}  // namespace oxcache::redis
