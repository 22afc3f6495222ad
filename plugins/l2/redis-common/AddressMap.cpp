#include "AddressMap.h"

#include <charconv>

namespace oxcache::redis {
namespace {

Error wrong(const std::string& text, const std::string& what) {
    return {ErrorCode::InvalidKey, "'" + text + "': " + what};
}

}  // namespace

bool hasPort(const std::string& text) {
    return text.find(':') != std::string::npos && !text.ends_with(']');
}

Result<Endpoint> endpointFrom(const std::string& text) {
    Endpoint endpoint;
    std::string host = text;
    std::string port;
    if (hasPort(text)) {
        const std::size_t colon = text.rfind(':');
        host = text.substr(0, colon);
        port = text.substr(colon + 1);
    }
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    endpoint.host = host;
    if (port.empty()) {
        if (text.ends_with(':')) return wrong(text, "the port is missing");
        return endpoint;
    }
    const char* end = port.data() + port.size();
    const auto parsed = std::from_chars(port.data(), end, endpoint.port);
    if (parsed.ec != std::errc() || parsed.ptr != end || endpoint.port == 0)
        return wrong(text, "a port is a number from 1 to 65535");
    return endpoint;
}

Result<AddressMap> AddressMap::parse(const std::vector<std::string>& rows) {
    AddressMap map;
    for (const std::string& row : rows) {
        const std::size_t equals = row.find('=');
        if (equals == std::string::npos || equals == 0 || equals + 1 == row.size())
            return wrong(row, "a row is ANNOUNCED=REACHABLE");
        const std::string from = row.substr(0, equals);
        const std::string to = row.substr(equals + 1);
        const auto announced = endpointFrom(from);
        if (!announced) return announced.error();
        const auto reachable = endpointFrom(to);
        if (!reachable) return reachable.error();
        if (hasPort(from) != hasPort(to)) return wrong(row, "both sides have a port, or neither");
        if (hasPort(from))
            map.servers_[announced->text()] = *reachable;
        else
            map.hosts_[announced->host] = reachable->host;
    }
    return map;
}

Endpoint AddressMap::reachable(const Endpoint& announced) const {
    if (const auto found = servers_.find(announced.text()); found != servers_.end())
        return found->second;
    Endpoint endpoint = announced;
    if (const auto found = hosts_.find(announced.host); found != hosts_.end())
        endpoint.host = found->second;
    return endpoint;
}

}  // namespace oxcache::redis
