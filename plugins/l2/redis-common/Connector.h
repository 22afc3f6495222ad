#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "Handshake.h"
#include "Settings.h"
#include "Transport.h"

namespace oxcache::redis {

/// Where to connect now; asked before every attempt. Thread-safe; must not throw.
using Locator = std::function<Result<Endpoint>(SteadyTime until)>;

/// A connection that can be used.
struct Connection {
    std::unique_ptr<Transport> transport{};
    ClientIdentity identity{};
    std::string server{};
    bool resp3 = false;
    bool fenceRefused = false;
};

/// Makes connections: finds the server, connects, shakes hands, all within one limit of time.
/// Thread-safe.
class Connector {
public:
    Connector(const Settings& settings, Locator locator)
        : settings_(settings), locator_(std::move(locator)) {}

    /// `fences`: connections of ours that must be gone first. Errors: Unavailable, Timeout.
    Result<Connection> connect(const std::vector<ClientIdentity>& fences, SteadyTime until) const;

private:
    const Settings settings_;
    const Locator locator_;
};

}  // namespace oxcache::redis
