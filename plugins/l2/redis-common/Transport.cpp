#include "Transport.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <Poco/Exception.h>
#include <Poco/Net/DNS.h>
#include <Poco/Net/HostEntry.h>
#include <Poco/Net/NetException.h>
#include <Poco/Net/SocketAddress.h>
#include <Poco/Net/StreamSocket.h>

#include "TlsTransport.h"

namespace oxcache::redis {
namespace {

// What is lost without a word (a cable, a NAT table) is noticed by the kernel after this.
constexpr int kUserTimeoutMs = 10'000;
constexpr int kKeepIdleSeconds = 10;
constexpr int kKeepIntervalSeconds = 3;
constexpr int kKeepProbes = 3;

IoResult failed(const char* call) {
    return {IoResult::Status::Closed, 0, std::string(call) + ": " + std::strerror(errno)};
}

bool wouldBlock() noexcept { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

class PlainTransport final : public Transport {
public:
    explicit PlainTransport(const Poco::Net::StreamSocket& socket)
        : Transport(static_cast<int>(socket.impl()->sockfd())), socket_(socket) {}

    IoResult receive(char* at, std::size_t size, bool wait) noexcept override {
        const ssize_t bytes = ::recv(descriptor(), at, size, wait ? 0 : MSG_DONTWAIT);
        if (bytes > 0) return {IoResult::Status::Done, static_cast<std::size_t>(bytes), {}};
        if (bytes == 0) return {IoResult::Status::Closed, 0, "the server closed the connection"};
        if (wouldBlock()) return {IoResult::Status::WouldBlock, 0, {}};
        return failed("recv");
    }

    IoResult send(const char* at, std::size_t size) noexcept override {
        const ssize_t bytes = ::send(descriptor(), at, size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (bytes >= 0) return {IoResult::Status::Done, static_cast<std::size_t>(bytes), {}};
        if (wouldBlock()) return {IoResult::Status::WouldBlock, 0, {}};
        return failed("send");
    }

private:
    Poco::Net::StreamSocket socket_;
};

void set(int fd, int level, int name, int value) noexcept {
    ::setsockopt(fd, level, name, &value, sizeof value);
}

void tune(int fd, bool tcp) noexcept {
    if (tcp) {
        set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
        set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
        set(fd, IPPROTO_TCP, TCP_KEEPIDLE, kKeepIdleSeconds);
        set(fd, IPPROTO_TCP, TCP_KEEPINTVL, kKeepIntervalSeconds);
        set(fd, IPPROTO_TCP, TCP_KEEPCNT, kKeepProbes);
        set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, kUserTimeoutMs);
    }
    timeval tick{};
    tick.tv_usec = std::chrono::microseconds(Transport::kTick).count();
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tick, sizeof tick);
}

Duration leftUntil(SteadyTime until) noexcept {
    const auto left = std::chrono::ceil<Duration>(until - std::chrono::steady_clock::now());
    return std::clamp(left, Duration::zero(), Duration(24 * 3600 * 1000));
}

bool awaitEvents(int fd, short events, SteadyTime until) noexcept {
    pollfd waiting{fd, events, 0};
    for (;;) {
        const int ready = ::poll(&waiting, 1, static_cast<int>(leftUntil(until).count()));
        if (ready > 0) return true;
        if (ready == 0 || errno != EINTR) return false;
    }
}

std::vector<Poco::Net::SocketAddress> addressesOf(const Endpoint& endpoint) {
    using Poco::Net::SocketAddress;
    if (!endpoint.unixPath.empty())
        return {SocketAddress(SocketAddress::UNIX_LOCAL, endpoint.unixPath)};
    Poco::Net::IPAddress literal;
    if (Poco::Net::IPAddress::tryParse(endpoint.host, literal))
        return {SocketAddress(literal, endpoint.port)};
    std::vector<SocketAddress> addresses;
    const Poco::Net::HostEntry found = Poco::Net::DNS::hostByName(endpoint.host);
    for (const auto& address : found.addresses()) addresses.emplace_back(address, endpoint.port);
    return addresses;
}

/// A connection to a port of this machine where nobody listens may be given that very port as its
/// own; TCP then connects it with itself, and it would hear its own commands as answers.
void requireAnother(const Poco::Net::StreamSocket& socket) {
    const auto peer = socket.peerAddress();
    if (peer == socket.address()) throw Poco::Net::ConnectionRefusedException(peer.toString());
}

Result<Poco::Net::StreamSocket> connected(const Endpoint& endpoint, SteadyTime until) {
    std::string why = "the name has no address";
    try {
        for (const auto& address : addressesOf(endpoint)) {
            const Duration left = leftUntil(until);
            if (left <= Duration::zero())
                return Error{ErrorCode::Timeout, "redis " + endpoint.text() + ": connecting: " +
                                                     why + "; the deadline passed"};
            try {
                Poco::Net::StreamSocket socket;
                socket.connect(address, Poco::Timespan(std::chrono::microseconds(left).count()));
                const bool tcp = endpoint.unixPath.empty();
                if (tcp) requireAnother(socket);
                tune(static_cast<int>(socket.impl()->sockfd()), tcp);
                return socket;
            } catch (const Poco::Exception& problem) {
                why = problem.displayText();
            }
        }
    } catch (const Poco::Exception& problem) {
        why = problem.displayText();
    }
    return Error{ErrorCode::Unavailable, "redis " + endpoint.text() + ": no connection: " + why +
                                             "; is the server running, and is the address right?"};
}

}  // namespace

bool Transport::awaitReadable(SteadyTime until) const noexcept {
    return awaitEvents(fd_, POLLIN, until);
}

bool Transport::awaitWritable(SteadyTime until) const noexcept {
    return awaitEvents(fd_, POLLOUT, until);
}

std::size_t Transport::outgoing() const noexcept {
    int bytes = 0;
    return ::ioctl(fd_, SIOCOUTQ, &bytes) == 0 ? static_cast<std::size_t>(bytes) : 0;
}

void Transport::shutdown() noexcept { ::shutdown(fd_, SHUT_RDWR); }

Result<std::unique_ptr<Transport>> Transport::connect(const Endpoint& endpoint,
                                                      const TlsSettings& tls, SteadyTime until) {
    auto socket = connected(endpoint, until);
    if (!socket) return socket.error();
    if (tls.enabled) return TlsTransport::over(*socket, endpoint, tls, until);
    return std::unique_ptr<Transport>(std::make_unique<PlainTransport>(*socket));
}

}  // namespace oxcache::redis
