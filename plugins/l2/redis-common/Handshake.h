#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "Reply.h"
#include "Settings.h"
#include "oxcache/base/Error.h"

namespace oxcache::redis {

/// A connection as the server knows it. The id alone would name somebody else after a restart of
/// the server.
struct ClientIdentity {
    std::int64_t id = 0;
    std::string address{};

    explicit operator bool() const noexcept { return id != 0 && !address.empty(); }
};

/// What must be said on a connection before it can be used: HELLO (or AUTH, where the server is too
/// old for HELLO), name, database, the role where only a master will do, and the end of older
/// connections of ours whose writes may still be on their way. A state machine: one command out,
/// one reply in. Not thread-safe.
class Handshake {
public:
    /// `fences` are connections that must be gone first.
    Handshake(const LoginSettings& login, std::vector<ClientIdentity> fences);

    /// True while there is a command to send and a reply to wait for.
    bool going() const noexcept { return step_ != Step::Ready && step_ != Step::Failed; }
    /// The present command, encoded.
    Bytes command() const;
    /// Its reply.
    void reply(const Reply& reply, const std::string& server);

    bool ready() const noexcept { return step_ == Step::Ready; }
    const Error& error() const noexcept { return error_; }
    /// What this connection is to the server; empty where it was not told.
    const ClientIdentity& identity() const noexcept { return identity_; }
    /// True when HELLO was understood.
    bool resp3() const noexcept { return resp3_; }
    /// True when the server would not end an older connection.
    bool fenceRefused() const noexcept { return fenceRefused_; }

private:
    enum class Step { Hello, Auth, Id, Name, Select, Role, Fence, Ready, Failed };

    void after(Step step);
    void helloAnswered(const Reply& reply, const std::string& server);
    void roleAnswered(const Reply& reply, const std::string& server);
    void refuseUnlessMaster(BytesView role, const std::string& server);
    void identify(BytesView clientInfo);

    const LoginSettings login_;
    std::vector<ClientIdentity> fences_;
    Step step_ = Step::Hello;
    Error error_;
    ClientIdentity identity_;
    bool fenceRefused_ = false;
    /// As HELLO tells it.
    Bytes role_{};
    bool resp3_ = false;
};

}  // namespace oxcache::redis
