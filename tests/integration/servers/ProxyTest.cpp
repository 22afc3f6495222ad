#include <doctest/doctest.h>

#include <chrono>

#include <Poco/Exception.h>
#include <Poco/Net/StreamSocket.h>

#include "support/Eventually.h"
#include "support/FakeRedisServer.h"
#include "support/FaultProxy.h"

using namespace oxcache;
using namespace oxcache::testing;

namespace {

using std::chrono::steady_clock;

const std::string kReply = "+0123456789\r\n";
const std::string kPing = "*1\r\n$4\r\nPING\r\n";

/// A server that says kReply, a proxy before it, and a connection through it.
struct Rig {
    FakeRedisServer server;
    FaultProxy proxy{server.port()};
    Poco::Net::StreamSocket socket;

    Rig() {
        server.always("PING", FakeRedisServer::say(kReply));
        socket.connect(Poco::Net::SocketAddress("127.0.0.1", proxy.port()));
    }

    void ping() { socket.sendBytes(kPing.data(), static_cast<int>(kPing.size())); }
    /// What comes within the time, until `wanted` bytes or the end.
    std::string answer(std::size_t wanted, int ms = 10'000) {
        std::string text;
        char buffer[256];
        socket.setReceiveTimeout(Poco::Timespan(0, ms * 1000));
        try {
            while (text.size() < wanted) {
                const int got = socket.receiveBytes(buffer, sizeof buffer);
                if (got <= 0) break;
                largest = std::max(largest, got);
                text.append(buffer, static_cast<std::size_t>(got));
            }
        } catch (const Poco::Exception&) {
            // The time is over.
        }
        return text;
    }
    int largest = 0;
};

}  // namespace

TEST_CASE("WithoutFaultsBytesPass") {
    Rig rig;
    rig.ping();
    CHECK(rig.answer(kReply.size()) == kReply);
    CHECK(rig.proxy.replied() == kReply.size());
}

TEST_CASE("StoppedBytesStayUntilTheyMayGo") {
    Rig rig;
    rig.proxy.stop();
    rig.ping();
    CHECK(rig.answer(1, 50).empty());
    rig.proxy.resume();
    CHECK(rig.answer(kReply.size()) == kReply);
}

TEST_CASE("SwallowedBytesNeverArrive") {
    Rig rig;
    rig.proxy.swallow(true);
    rig.ping();
    CHECK(rig.answer(1, 50).empty());
    rig.proxy.swallow(false);
    CHECK(rig.answer(1, 50).empty());
    CHECK(rig.server.received("PING").empty());
}

TEST_CASE("DroppedConnectionsEndAndRefusedOnesDoNotBegin") {
    Rig rig;
    rig.ping();
    CHECK(rig.answer(kReply.size()) == kReply);
    rig.proxy.drop();
    CHECK(rig.answer(1).empty());
    rig.proxy.refuse(true);
    rig.socket.close();
    rig.socket.connect(Poco::Net::SocketAddress("127.0.0.1", rig.proxy.port()));
    CHECK(rig.answer(1).empty());
    CHECK(rig.server.accepted() == 1);
}

TEST_CASE("CorruptedRepliesDifferInTheOneByte") {
    Rig rig;
    rig.proxy.corruptReply(kReply.size() + 3);
    rig.ping();
    CHECK(rig.answer(kReply.size()) == kReply);
    rig.ping();
    std::string expected = kReply;
    expected[3] = static_cast<char>(~expected[3]);
    CHECK(rig.answer(kReply.size()) == expected);
}

TEST_CASE("CutRepliesEndAtTheByte") {
    Rig rig;
    rig.proxy.cutReply(5);
    rig.ping();
    CHECK(rig.answer(kReply.size()) == kReply.substr(0, 5));
}

TEST_CASE("CutRequestsEndAtTheByteOrBeforeTheText") {
    for (const bool byText : {false, true}) {
        Rig rig;
        if (byText)
            rig.proxy.cutRequestBefore("*1");
        else
            rig.proxy.cutRequest(kPing.size() + 3);
        if (!byText) {
            rig.ping();
            CHECK(rig.answer(kReply.size()) == kReply);
        }
        rig.ping();
        CHECK(rig.answer(1).empty());
        CHECK(rig.server.received("PING").size() == (byText ? 0 : 1));
        CHECK(rig.proxy.found() == (byText ? 1 : 0));
    }
}

TEST_CASE("AReplyThatIsLostByItsTextLeavesTheConnectionAlone") {
    Rig rig;
    rig.proxy.loseReplyWith("456");
    rig.ping();
    CHECK(rig.answer(1, 50).empty());
    CHECK(rig.proxy.found() == 1);
    rig.ping();
    CHECK(rig.answer(kReply.size()) == kReply);
}

TEST_CASE("AConnectionIsHeldAtATextAndLaterOnesAreNot") {
    Rig rig;
    rig.ping();
    REQUIRE(rig.answer(kReply.size()) == kReply);
    rig.proxy.holdRequestWith("PING");
    rig.ping();
    CHECK(rig.answer(1, 50).empty());
    Poco::Net::StreamSocket held = rig.socket;
    rig.socket = Poco::Net::StreamSocket(Poco::Net::SocketAddress("127.0.0.1", rig.proxy.port()));
    rig.ping();
    CHECK(rig.answer(kReply.size()) == kReply);
    CHECK(rig.server.received("PING").size() == 2);
    CHECK(rig.proxy.found() == 1);
    rig.socket.close();
    rig.socket = held;
    rig.proxy.letGo();
    CHECK(rig.answer(kReply.size()) == kReply);
    rig.socket.close();
    CHECK(eventually([&] { return rig.proxy.ended() == 2; }));
}

TEST_CASE("SlicesAreSmallAndComplete") {
    Rig rig;
    rig.proxy.slice(2);
    rig.ping();
    CHECK(rig.answer(kReply.size()) == kReply);
}

TEST_CASE("DelayAndLimitTakeTheirTime") {
    Rig rig;
    rig.proxy.delay(Duration(30));
    auto begin = steady_clock::now();
    rig.ping();
    CHECK(rig.answer(kReply.size()) == kReply);
    // Once in each direction; only the lower bound is asserted.
    CHECK(steady_clock::now() - begin >= std::chrono::milliseconds(60));
    rig.proxy.delay(Duration(0));
    rig.proxy.limit(1000);
    begin = steady_clock::now();
    rig.ping();
    CHECK(rig.answer(kReply.size()) == kReply);
    CHECK(steady_clock::now() - begin >= std::chrono::milliseconds(13 + 14));
}
