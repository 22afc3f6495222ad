#include "Connector.h"

#include <algorithm>

#include "RespParser.h"

namespace oxcache::redis {
namespace {

Error tooLate(const std::string& server) {
    return {ErrorCode::Timeout, "redis " + server + ": it accepts connections but does not answer"};
}

Result<void> sendAll(Transport& transport, BytesView bytes, const std::string& server,
                     SteadyTime until) {
    while (!bytes.empty()) {
        const IoResult sent = transport.send(bytes.data(), bytes.size());
        if (sent.status == IoResult::Status::Closed)
            return Error{ErrorCode::Unavailable, "redis " + server + ": login: " + sent.why};
        if (sent.status == IoResult::Status::WouldBlock && !transport.awaitWritable(until))
            return tooLate(server);
        bytes.remove_prefix(sent.bytes);
    }
    return {};
}

/// One reply; nothing follows it, for one command is under way at a time.
Result<Reply> receiveOne(Transport& transport, RespParser& parser, const std::string& server,
                         SteadyTime until) {
    char buffer[4096];
    for (;;) {
        if (std::chrono::steady_clock::now() >= until) return tooLate(server);
        const IoResult got = transport.receive(buffer, sizeof buffer, false);
        if (got.status == IoResult::Status::Closed)
            return Error{ErrorCode::Unavailable, "redis " + server + ": login: " + got.why};
        if (got.status == IoResult::Status::WouldBlock) {
            if (!transport.awaitReadable(until)) return tooLate(server);
            continue;
        }
        BytesView bytes(buffer, got.bytes);
        const RespParser::Status status = parser.feed(bytes);
        if (status == RespParser::Status::Ready) return parser.take();
        if (status == RespParser::Status::Failed)
            return Error{ErrorCode::Unavailable, "redis " + server + ": login: " + parser.error()};
    }
}

}  // namespace

Result<Connection> Connector::connect(const std::vector<ClientIdentity>& fences,
                                      SteadyTime until) const {
    until = std::min(until, std::chrono::steady_clock::now() + settings_.connectTimeout);
    const auto endpoint = locator_(until);
    if (!endpoint) return endpoint.error();
    Connection connection;
    connection.server = endpoint->text();
    auto transport = Transport::connect(*endpoint, settings_.tls, until);
    if (!transport) return transport.error();
    connection.transport = std::move(*transport);
    Handshake handshake(settings_.login, fences);
    RespParser parser;
    while (handshake.going()) {
        const auto sent =
            sendAll(*connection.transport, handshake.command(), connection.server, until);
        if (!sent) return sent.error();
        const auto reply = receiveOne(*connection.transport, parser, connection.server, until);
        if (!reply) return reply.error();
        handshake.reply(*reply, connection.server);
    }
    if (!handshake.ready()) return handshake.error();
    connection.identity = handshake.identity();
    connection.fenceRefused = handshake.fenceRefused();
    return connection;
}

}  // namespace oxcache::redis
