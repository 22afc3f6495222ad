#pragma once

#include <atomic>
#include <cstdint>
#include <list>
#include <string>
#include <thread>

#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/StreamSocket.h>

#include "oxcache/base/Clock.h"
#include "oxcache/base/Mutex.h"

namespace oxcache::testing {

/// A network that misbehaves on demand: listens on a port of 127.0.0.1 and hands bytes on to the
/// server at another. Every fault takes effect at once, on connections that are open too. Two
/// threads per connection. Thread-safe.
class FaultProxy {
public:
    explicit FaultProxy(std::uint16_t target);
    ~FaultProxy();
    FaultProxy(const FaultProxy&) = delete;
    FaultProxy& operator=(const FaultProxy&) = delete;

    std::uint16_t port() const { return port_; }
    std::string uri() const { return "redis://127.0.0.1:" + std::to_string(port_); }

    /// Bytes stay where they are, nobody is told; resume() lets them go.
    void stop() { stopped_ = true; }
    void resume() { stopped_ = false; }
    /// Bytes vanish, in both directions.
    void swallow(bool on) { swallowing_ = on; }
    /// Ends every connection.
    void drop();
    /// Connections are accepted and ended at once.
    void refuse(bool on) { refusing_ = on; }
    /// The connection on which this text of the client's comes stands still from there on, with it;
    /// once. Texts are looked for in pieces as they come.
    void holdRequestWith(const std::string& text);
    /// What stands still goes on.
    void letGo();
    /// Every piece is so late.
    void delay(Duration time) { delayMs_ = time.count(); }
    /// Pieces have so many bytes at most; 0: as they come.
    void slice(std::size_t bytes) { slice_ = bytes; }
    /// So many bytes per second in each direction of a connection; 0: no limit.
    void limit(std::size_t bytesPerSecond) { limit_ = bytesPerSecond; }
    /// Flips the bits of the byte at this place of what the server sends from now on; once.
    void corruptReply(std::size_t at) { corruptAt_ = static_cast<std::int64_t>(at); }
    /// Ends the connection on which the server's bytes, from now on, reach this number; once.
    void cutReply(std::size_t after) { cutAfter_ = static_cast<std::int64_t>(after); }

    /// The same for the client's bytes.
    void cutRequest(std::size_t after) { cutRequestAfter_ = static_cast<std::int64_t>(after); }
    /// Ends the connection right before this text of the client's would go on; once.
    void cutRequestBefore(const std::string& text);
    /// The piece in which this text of the server's comes vanishes, and the connection lives; once.
    void loseReplyWith(const std::string& text);

    std::uint64_t accepted() const { return accepted_; }
    /// Connections that have ended, in both directions.
    std::uint64_t ended() const { return ended_ / 2; }
    /// What the server has sent through, in bytes.
    std::uint64_t replied() const { return replied_; }
    /// What the client has sent, in bytes, whether or not it has gone on.
    std::uint64_t requested() const { return requested_; }
    /// How often something was held, cut or lost by its text.
    std::uint64_t found() const { return found_; }

private:
    struct Link {
        Poco::Net::StreamSocket client;
        Poco::Net::StreamSocket server;
        std::atomic<bool> held{false};
        std::thread up{};
        std::thread down{};
    };

    void accept();
    void pump(Link& link, bool replies);
    bool hand(Link& link, Poco::Net::StreamSocket& to, char* bytes, std::size_t size, bool replies);
    void wait(const Link& link) const;
    std::size_t find(std::string& text, const char* bytes, std::size_t size)
        OXCACHE_REQUIRES(mutex_);
    void pause(std::chrono::microseconds time) const;
    std::size_t damage(char* bytes, std::size_t size);
    std::size_t curtail(const char* bytes, std::size_t size);

    const std::uint16_t target_;
    Poco::Net::ServerSocket listener_;
    const std::uint16_t port_;
    std::atomic<bool> ending_{false};
    std::atomic<bool> stopped_{false};
    std::atomic<bool> swallowing_{false};
    std::atomic<bool> refusing_{false};
    std::atomic<std::int64_t> delayMs_{0};
    std::atomic<std::size_t> slice_{0};
    std::atomic<std::size_t> limit_{0};
    std::atomic<std::int64_t> corruptAt_{-1};
    std::atomic<std::int64_t> cutAfter_{-1};
    std::atomic<std::int64_t> cutRequestAfter_{-1};
    std::atomic<std::uint64_t> accepted_{0};
    std::atomic<std::uint64_t> ended_{0};
    std::atomic<std::uint64_t> replied_{0};
    std::atomic<std::uint64_t> requested_{0};
    std::atomic<std::uint64_t> found_{0};
    Mutex mutex_;
    std::list<Link> links_ OXCACHE_GUARDED_BY(mutex_);
    std::string holdText_ OXCACHE_GUARDED_BY(mutex_);
    std::string cutText_ OXCACHE_GUARDED_BY(mutex_);
    std::string loseText_ OXCACHE_GUARDED_BY(mutex_);
    std::thread thread_;
};

}  // namespace oxcache::testing
