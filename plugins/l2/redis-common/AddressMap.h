#pragma once

#include <map>
#include <string>
#include <vector>

#include "Endpoint.h"
#include "oxcache/base/Result.h"

namespace oxcache::redis {

/// Where servers are that call themselves otherwise, as behind NAT or in containers. Immutable;
/// thread-safe.
class AddressMap {
public:
    /// `announced=reachable` each, as `10.0.0.5:6379=cache.example:7001` or, for every port of a
    /// host, `10.0.0.5=cache.example`. InvalidKey names the row that is wrong.
    static Result<AddressMap> parse(const std::vector<std::string>& rows);

    Endpoint reachable(const Endpoint& announced) const;

private:
    std::map<std::string, Endpoint> servers_;
    std::map<std::string, std::string> hosts_;
};

/// `host:port`, or nothing but a host; an IPv6 address is in [ ], or has its port behind its last
/// colon, as servers write it. An empty host stays empty. Errors: InvalidKey.
Result<Endpoint> endpointFrom(const std::string& text);
/// Whether such a text names a port.
bool hasPort(const std::string& text);

}  // namespace oxcache::redis
