#include "support/Ports.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <fstream>
#include <random>
#include <stdexcept>
#include <string>

#include <Poco/Exception.h>
#include <Poco/Net/ServerSocket.h>

namespace oxcache::testing {
namespace {

constexpr int kLowest = 10'000;
/// With its second port, a server of a cluster takes up to twice the lowest.
constexpr int kEnough = 2 * kLowest + 2'000;

/// The first port that outgoing connections may get. Where that leaves too few, servers get theirs.
int firstOutgoing() {
    int first = 32'768;
    std::ifstream("/proc/sys/net/ipv4/ip_local_port_range") >> first;
    return first < kEnough ? 65'535 : first;
}

/// A name that only one process can bear, and that the kernel takes back when it ends; -1: taken.
int claim(int port) {
    const std::string name = "oxcache-test-port-" + std::to_string(port);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    // From the second byte on: the name is no file.
    std::memcpy(address.sun_path + 1, name.data(), name.size());
    const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
    if (fd >= 0 && ::bind(fd, reinterpret_cast<const sockaddr*>(&address), size) == 0) return fd;
    if (fd >= 0) ::close(fd);
    return -1;
}

bool listens(int port) {
    try {
        const Poco::Net::ServerSocket socket(
            Poco::Net::SocketAddress("127.0.0.1", static_cast<std::uint16_t>(port)));
        return false;
    } catch (const Poco::Exception&) {
        return true;
    }
}

/// Claimed for as long as the process runs, if it is true.
bool reserve(int port) {
    const int fd = claim(port);
    if (fd < 0) return false;
    if (!listens(port)) return true;
    ::close(fd);
    return false;
}

}  // namespace

std::uint16_t freePort(std::uint16_t offset) {
    const int count = firstOutgoing() - kLowest - offset;
    std::random_device random;
    const int begin = static_cast<int>(random() % static_cast<unsigned>(std::max(count, 1)));
    for (int i = 0; i < count; ++i) {
        const int port = kLowest + (begin + i) % count;
        if (reserve(port) && (offset == 0 || reserve(port + offset)))
            return static_cast<std::uint16_t>(port);
    }
    throw std::runtime_error("no port of 127.0.0.1 is free");
}

}  // namespace oxcache::testing
