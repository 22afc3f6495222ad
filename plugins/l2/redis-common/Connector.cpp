#include "Connector.h"

#include <algorithm>

#include "Dialogue.h"

namespace oxcache::redis {

Result<Connection> Connector::connect(const std::vector<ClientIdentity>& fences,
                                      SteadyTime until) const {
    until = std::min(until, std::chrono::steady_clock::now() + settings_.connectTimeout);
    const auto endpoint = locator_(until);
    if (!endpoint) return endpoint.error();
    Connection connection;
    connection.server = endpoint->text();
    auto transport = Transport::connect(*endpoint, settings_.tls, until);
    if (!transport) return transport.error();
    Dialogue dialogue(std::move(*transport), connection.server);
    Handshake handshake(settings_.login, fences);
    while (handshake.going()) {
        const auto reply = dialogue.ask(handshake.command(), until);
        if (!reply) {
            Error error = reply.error();
            error.message += ", at the login";
            return error;
        }
        handshake.reply(*reply, connection.server);
    }
    if (!handshake.ready()) return handshake.error();
    connection.transport = dialogue.release();
    connection.identity = handshake.identity();
    connection.resp3 = handshake.resp3();
    connection.fenceRefused = handshake.fenceRefused();
    return connection;
}

}  // namespace oxcache::redis
