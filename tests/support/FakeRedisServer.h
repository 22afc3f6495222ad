#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/StreamSocket.h>

#include "oxcache/base/Mutex.h"

namespace oxcache::testing {

/// A server that says what it was told to: for replies that no real server gives on demand. It
/// knows HELLO (as RESP3), CLIENT and PING by itself; a command for which it has no rule is
/// answered with an error and is one of the surprises(). One thread per connection. Thread-safe.
class FakeRedisServer {
public:
    using Command = std::vector<std::string>;

    /// What happens in place of a reply.
    struct Reaction {
        std::string bytes{};
        /// So many bytes leave at a time; 0: all at once.
        std::size_t slice = 0;
        /// Ends the connection behind the bytes.
        bool closes = false;
        /// Waits for release() before the bytes; what comes on the connection meanwhile waits too.
        bool holds = false;
    };
    static Reaction say(std::string bytes) { return {std::move(bytes)}; }
    static Reaction sayInSlices(std::string bytes, std::size_t slice) {
        return {std::move(bytes), slice};
    }
    static Reaction sayAndClose(std::string bytes) { return {std::move(bytes), 0, true}; }
    static Reaction holdThenSay(std::string bytes) { return {std::move(bytes), 0, false, true}; }
    /// `$5\r\nhello\r\n`
    static std::string bulk(const std::string& text);
    /// An array of what is encoded already.
    static std::string array(const std::vector<std::string>& encoded);

    using Answer = std::function<Reaction(const Command& command, std::uint64_t connection)>;

    FakeRedisServer();
    ~FakeRedisServer();
    FakeRedisServer(const FakeRedisServer&) = delete;
    FakeRedisServer& operator=(const FakeRedisServer&) = delete;

    std::uint16_t port() const { return port_; }
    std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

    /// A rule is for a command's name (`GET`) or its first two words (`CLUSTER SLOTS`); the longer
    /// one wins. What is said once is said before what is always said, in the order given.
    void always(const std::string& name, Answer answer);
    void always(const std::string& name, const Reaction& reaction);
    void once(const std::string& name, Reaction reaction);
    /// Lets all who hold go on, now and from now on.
    void release();
    /// Unasked, to every connection.
    void push(const std::string& bytes);
    /// Ends every connection.
    void drop();

    /// Commands so far, of one name or all; in the order of arrival.
    std::vector<Command> received(const std::string& name = {}) const;
    /// False where `count` of them have not come within 20 seconds.
    bool awaitReceived(const std::string& name, std::size_t count) const;
    /// Connections made so far.
    std::uint64_t accepted() const;
    /// Commands without a rule, and what was to be said once and was not; empty when all went as
    /// expected.
    std::vector<std::string> surprises() const;

private:
    struct Session {
        Poco::Net::StreamSocket socket;
        std::uint64_t number = 0;
        std::thread thread{};
        /// One reaction at a time on the socket.
        Mutex sending{};
    };

    void accept();
    void serve(Session& session);
    bool react(Session& session, const Command& command);
    Reaction reactionTo(const Command& command, std::uint64_t connection);
    static void send(Session& session, const Reaction& reaction);

    Poco::Net::ServerSocket listener_;
    const std::uint16_t port_;
    mutable Mutex mutex_;
    mutable CondVar changed_;
    std::map<std::string, Answer> always_ OXCACHE_GUARDED_BY(mutex_);
    std::map<std::string, std::deque<Reaction>> once_ OXCACHE_GUARDED_BY(mutex_);
    std::vector<Command> received_ OXCACHE_GUARDED_BY(mutex_);
    std::vector<std::string> surprises_ OXCACHE_GUARDED_BY(mutex_);
    std::list<Session> sessions_ OXCACHE_GUARDED_BY(mutex_);
    bool released_ OXCACHE_GUARDED_BY(mutex_) = false;
    bool ending_ OXCACHE_GUARDED_BY(mutex_) = false;
    std::thread thread_;
};

}  // namespace oxcache::testing
