#pragma once

#include <memory>
#include <optional>
#include <string>

#include "RespParser.h"
#include "Transport.h"

namespace oxcache::redis {

/// One command after the other on a connection of one's own: for logins and for questions about
/// where things are. Not thread-safe, but for shutdown().
class Dialogue {
public:
    /// `server` is how errors call it.
    Dialogue(std::unique_ptr<Transport> transport, std::string server)
        : transport_(std::move(transport)), server_(std::move(server)) {}

    /// The reply to an encoded command. Errors: Unavailable, Timeout; after one the connection is
    /// of no use any more.
    Result<Reply> ask(BytesView command, SteadyTime until);
    Result<void> send(BytesView command, SteadyTime until);
    /// What comes next; nothing where `until` passed.
    Result<std::optional<Reply>> next(SteadyTime until);

    /// Ends the connection; may be called from any thread.
    void shutdown() noexcept { transport_->shutdown(); }
    /// The connection, once the talking is over; nothing that came was left unread.
    std::unique_ptr<Transport> release() { return std::move(transport_); }
    const std::string& server() const noexcept { return server_; }

private:
    Error lost(const std::string& why) const;
    Error tooLate() const;

    std::unique_ptr<Transport> transport_;
    const std::string server_;
    RespParser parser_;
    Bytes unread_;
};

}  // namespace oxcache::redis
