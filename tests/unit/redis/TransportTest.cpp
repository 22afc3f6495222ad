#include <doctest/doctest.h>

#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/SocketAddress.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "redis-common/Transport.h"

using namespace oxcache;
using namespace oxcache::redis;

namespace {

template <class Ask>
std::uint16_t portBy(Ask ask, int descriptor) {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    REQUIRE(ask(descriptor, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    return address.sin_port;
}

}  // namespace

// A port among those that outgoing connections get: one of very many is given it as its own, as
// good as surely.
TEST_CASE("AConnectionIsNeverItsOwnServer") {
    constexpr int kVeryMany = 60'000;
    Endpoint nobody;
    // Linux gives listeners and outgoing connections ports of different parity while it can.
    {
        const Poco::Net::ServerSocket socket(Poco::Net::SocketAddress("127.0.0.1", 0));
        nobody.port = socket.address().port() ^ 1U;
    }
    int own = 0;
    for (int i = 0; i < kVeryMany && own == 0; ++i) {
        const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        const auto made = Transport::connect(nobody, {}, until);
        // Somebody else may have begun to listen there.
        if (!made) continue;
        const int descriptor = (*made)->descriptor();
        if (portBy(::getsockname, descriptor) == portBy(::getpeername, descriptor)) ++own;
    }
    CHECK(own == 0);
}
