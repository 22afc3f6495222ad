#include "OptionRows.h"

#include <algorithm>
#include <utility>

namespace oxcache::redis {

spi::OptionSpec row(std::string name, spi::OptionType type, std::string defaultValue,
                    std::string help) {
    spi::OptionSpec spec;
    spec.name = std::move(name);
    spec.type = type;
    spec.defaultValue = std::move(defaultValue);
    spec.help = std::move(help);
    return spec;
}

spi::OptionSpec within(spi::OptionSpec spec, std::int64_t least, std::int64_t most) {
    spec.least = least;
    spec.most = most;
    return spec;
}

spi::OptionSpec secret(spi::OptionSpec spec) {
    spec.secret = true;
    return spec;
}

Error wrongOption(const std::string& what) { return {ErrorCode::InvalidKey, "redis: " + what}; }

Result<ConnectionString> uriOf(const spi::OptionValues& options,
                               const std::vector<std::string>& schemes) {
    const std::string& text = options.text("connection_string");
    if (text.empty()) return ConnectionString{};
    auto uri = ConnectionString::parse(text);
    if (!uri || std::find(schemes.begin(), schemes.end(), uri->scheme) != schemes.end()) return uri;
    std::string names;
    for (const std::string& scheme : schemes)
        names += (names.empty()                ? ""
                  : &scheme == &schemes.back() ? " and "
                                               : ", ") +
                 scheme + "://";
    return wrongOption("connection_string: this plugin takes " + names + "; for " + uri->scheme +
                       ":// choose another plugin");
}

Result<std::vector<Endpoint>> endpointsOf(const spi::OptionValues& options, const std::string& name,
                                          std::uint16_t port) {
    std::vector<Endpoint> endpoints;
    for (const std::string& text : options.list(name)) {
        auto endpoint = endpointFrom(text);
        if (!endpoint) return wrongOption(name + ": " + endpoint.error().message);
        if (endpoint->host == text) endpoint->port = port;
        endpoints.push_back(*endpoint);
    }
    return endpoints;
}

Result<AddressMap> addressesOf(const spi::OptionValues& options, const std::string& name) {
    if (!options.has(name)) return AddressMap{};
    auto addresses = AddressMap::parse(options.list(name));
    if (!addresses) return wrongOption(name + ": " + addresses.error().message);
    return addresses;
}

}  // namespace oxcache::redis
