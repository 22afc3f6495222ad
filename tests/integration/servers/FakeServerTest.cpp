#include <doctest/doctest.h>

#include <thread>

#include <Poco/Exception.h>
#include <Poco/Net/StreamSocket.h>

#include "support/Eventually.h"
#include "support/FakeRedisServer.h"
#include "support/RedisServer.h"

using namespace oxcache::testing;

namespace {

using Fake = FakeRedisServer;

/// All that comes until the connection ends, or as many bytes as are wanted.
std::string read(Poco::Net::StreamSocket& socket, std::size_t wanted) {
    std::string text;
    char buffer[256];
    socket.setReceiveTimeout(Poco::Timespan(10, 0));
    while (text.size() < wanted) {
        const int got = socket.receiveBytes(buffer, sizeof buffer);
        if (got <= 0) break;
        text.append(buffer, static_cast<std::size_t>(got));
    }
    return text;
}

}  // namespace

TEST_CASE("WhatIsSaidOnceIsSaidBeforeWhatIsAlwaysSaid") {
    Fake server;
    server.always("GET", Fake::say("+always\r\n"));
    server.once("GET", Fake::say("+first\r\n"));
    server.once("GET", Fake::say("+second\r\n"));
    CHECK(redisCommand(server.port(), {"GET", "k"}) == std::vector<std::string>{"first"});
    CHECK(redisCommand(server.port(), {"get", "k"}) == std::vector<std::string>{"second"});
    CHECK(redisCommand(server.port(), {"GET", "k"}) == std::vector<std::string>{"always"});
    CHECK(server.received("GET").size() == 3);
    CHECK(server.accepted() == 3);
    CHECK(server.surprises().empty());
}

TEST_CASE("TwoWordsWinOverOne") {
    Fake server;
    server.always("CLUSTER", Fake::say("+one\r\n"));
    server.always("CLUSTER SLOTS", Fake::say(Fake::array({":1\r\n", Fake::bulk("two")})));
    CHECK(redisCommand(server.port(), {"CLUSTER", "INFO"}) == std::vector<std::string>{"one"});
    CHECK(redisCommand(server.port(), {"CLUSTER", "SLOTS"}) ==
          std::vector<std::string>{"1", "two"});
}

TEST_CASE("CommandsWithoutRuleAndRulesWithoutCommandAreSurprises") {
    Fake server;
    server.once("SET", Fake::say("+OK\r\n"));
    CHECK_THROWS_AS(redisCommand(server.port(), {"GET", "k"}), std::runtime_error);
    CHECK(server.surprises() == std::vector<std::string>{"GET K", "SET did not come 1 times"});
}

TEST_CASE("SlicedBytesComePieceByPieceAndAConnectionClosesInTheMiddle") {
    Fake server;
    server.once("GET", Fake::sayInSlices("$5\r\nhello\r\n", 1));
    server.once("GET", Fake::sayAndClose("$5\r\nhe"));
    Poco::Net::StreamSocket socket(Poco::Net::SocketAddress("127.0.0.1", server.port()));
    const std::string command = "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n";
    // Both in one write, the first cut: commands are found wherever their bytes end.
    socket.sendBytes(command.data(), 7);
    const std::string rest = command.substr(7) + command;
    socket.sendBytes(rest.data(), static_cast<int>(rest.size()));
    CHECK(read(socket, 1000) == "$5\r\nhello\r\n$5\r\nhe");
}

TEST_CASE("AHeldReplyComesAfterTheRelease") {
    Fake server;
    server.once("GET", Fake::holdThenSay("+late\r\n"));
    std::atomic<bool> answered{false};
    std::thread caller([&] {
        CHECK(redisCommand(server.port(), {"GET", "k"}) == std::vector<std::string>{"late"});
        answered = true;
    });
    CHECK(server.awaitReceived("GET", 1));
    CHECK_FALSE(answered);
    server.release();
    caller.join();
    CHECK(answered);
}

TEST_CASE("PushesReachEveryConnectionAndDropEndsThem") {
    Fake server;
    Poco::Net::StreamSocket socket(Poco::Net::SocketAddress("127.0.0.1", server.port()));
    CHECK(eventually([&] { return server.accepted() == 1; }));
    server.push("+hello\r\n");
    CHECK(read(socket, 8) == "+hello\r\n");
    server.drop();
    CHECK(read(socket, 1).empty());
}
