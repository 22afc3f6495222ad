#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "Endpoint.h"
#include "Settings.h"
#include "oxcache/base/Clock.h"
#include "oxcache/base/Result.h"

namespace oxcache::redis {

/// What became of a send or receive.
struct IoResult {
    enum class Status { Done, WouldBlock, Closed };
    Status status = Status::Done;
    std::size_t bytes = 0;
    /// Why the connection is gone; after Closed.
    std::string why{};
};

/// A connected stream of bytes, plain or encrypted. One thread may send while another receives;
/// shutdown() may be called at any time. Never raises SIGPIPE, never throws.
class Transport {
public:
    /// The longest that receive() waits; a deadline that is nearer needs awaitReadable() first.
    static constexpr Duration kTick{50};

    virtual ~Transport() = default;
    Transport(const Transport&) = delete;
    Transport& operator=(const Transport&) = delete;

    /// At least one byte, or WouldBlock: at once, or with `wait` after kTick at the latest.
    virtual IoResult receive(char* at, std::size_t size, bool wait) noexcept = 0;
    /// Sends what goes without waiting.
    virtual IoResult send(const char* at, std::size_t size) noexcept = 0;

    /// False when `until` passed.
    bool awaitReadable(SteadyTime until) const noexcept;
    bool awaitWritable(SteadyTime until) const noexcept;
    /// True where the peer has hung up or sent what nobody asked for; for idle connections.
    bool disturbed() noexcept {
        char byte;
        return receive(&byte, 1, false).status != IoResult::Status::WouldBlock;
    }
    /// Bytes that were sent and have not reached the peer's machine.
    std::size_t outgoing() const noexcept;
    /// Ends both directions and wakes who waits.
    void shutdown() noexcept;
    int descriptor() const noexcept { return fd_; }

    /// Connects, TLS included. Errors: Unavailable, Timeout.
    static Result<std::unique_ptr<Transport>> connect(const Endpoint& endpoint,
                                                      const TlsSettings& tls, SteadyTime until);

protected:
    explicit Transport(int fd) : fd_(fd) {}

private:
    const int fd_;
};

}  // namespace oxcache::redis
