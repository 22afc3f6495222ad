#include <doctest/doctest.h>

#include <thread>

#include <Poco/Net/ServerSocket.h>
#include <Poco/Redis/Client.h>
#include <Poco/Redis/Command.h>

#include "Nodes.h"
#include "oxcache/RedisCommand.h"
#include "support/RedisPlugin.h"

using namespace oxcache;
using namespace oxcache::testing;

namespace {

/// Answers every connection with the same bytes after it has heard something, then closes; a HELLO
/// is refused so that a login needs no more than that.
class CuttingServer {
public:
    explicit CuttingServer(std::string reply)
        : socket_(Poco::Net::SocketAddress("127.0.0.1", 0)),
          reply_(std::move(reply)),
          thread_([this] { run(); }) {}
    ~CuttingServer() {
        stop_ = true;
        thread_.join();
    }
    std::uint16_t port() const { return socket_.address().port(); }

private:
    void run() {
        while (!stop_) {
            if (!socket_.poll(Poco::Timespan(0, 20'000), Poco::Net::Socket::SELECT_READ)) continue;
            Poco::Net::StreamSocket peer = socket_.acceptConnection();
            serve(peer);
        }
    }
    void serve(Poco::Net::StreamSocket& peer) const {
        char buffer[4096];
        while (!stop_) {
            if (!peer.poll(Poco::Timespan(0, 20'000), Poco::Net::Socket::SELECT_READ)) continue;
            const int bytes = peer.receiveBytes(buffer, sizeof buffer);
            if (bytes <= 0) return;
            const std::string heard(buffer, static_cast<std::size_t>(bytes));
            const bool login = heard.find("HELLO") != std::string::npos ||
                               heard.find("CLIENT") != std::string::npos;
            const std::string answer = login ? "-ERR unknown command\r\n" : reply_;
            peer.sendBytes(answer.data(), static_cast<int>(answer.size()));
            if (!login) return;
        }
    }

    Poco::Net::ServerSocket socket_;
    const std::string reply_;
    std::atomic<bool> stop_{false};
    std::thread thread_;
};

}  // namespace

// Why replies are not read by Poco::Redis::Client. When this fails, a release has fixed it, and the
// decision can be looked at again.
TEST_CASE("PocosClientTakesATruncatedBulkForAValue") {
    CuttingServer server("$5\r\nhe");
    Poco::Redis::Client client("127.0.0.1", server.port());
    const auto value = client.execute<Poco::Redis::BulkString>(Poco::Redis::Command::get("k"));
    REQUIRE_FALSE(value.isNull());
    CHECK(value.value() == "he   ");
}

TEST_CASE("AServerThatClosesInTheMiddleOfABulkGivesAnErrorAndNoValue") {
    for (const char* reply : {"$5\r\nhe", "$5\r\n", "$5\r\nhello", "$5\r\nhello\r", "$5", "",
                              "$100000\r\nhe", "@garbage\r\n", "$-2\r\n"}) {
        CuttingServer server(reply);
        RedisPlugin plugin("redis://127.0.0.1:" + std::to_string(server.port()));
        auto store = plugin.store();
        const auto got = plugin.get(*store, "conformance:k", plugin.in(std::chrono::seconds(5)));
        REQUIRE_FALSE_MESSAGE(got.ok(), reply);
        CHECK((got.error().code == ErrorCode::Unavailable));
        CHECK(RedisPlugin::counterOf(*store, "repeated") > 0);
    }
}

TEST_CASE("AWriteIsNotSentAgainOnceItHasLeft") {
    CuttingServer server("+O");
    RedisPlugin plugin("redis://127.0.0.1:" + std::to_string(server.port()));
    auto store = plugin.store();
    const auto put = plugin.set(*store, "conformance:k", plugin.value("v"));
    REQUIRE_FALSE(put.ok());
    CHECK((put.error().code == ErrorCode::Unavailable));
    CHECK(RedisPlugin::counterOf(*store, "repeated") == 0);
}

TEST_CASE("CommandsOfPocoTravelOverTheCachesConnections") {
    using namespace Poco::Redis;
    RedisServer server;
    CacheNode node(server.uri());
    const auto run = [&](const Array& command) { return execute(*node, command); };
    auto said = run(Command::set("mine", "value", true, Poco::Timespan(100, 0)));
    REQUIRE(said->isSimpleString());
    auto value = run(Command::get("mine"));
    REQUIRE(value->isBulkString());
    CHECK(static_cast<Type<BulkString>&>(*value).value().value() == "value");
    Array pushes;
    pushes << "RPUSH"
           << "list"
           << "a"
           << "b";
    auto pushed = run(pushes);
    CHECK(static_cast<Type<Poco::Int64>&>(*pushed).value() == 2);
    auto list = run(Command::lrange("list"));
    REQUIRE(list->isArray());
    CHECK(static_cast<Type<Array>&>(*list).value().size() == 2);
    auto nothing = run(Command::get("absent"));
    CHECK(static_cast<Type<BulkString>&>(*nothing).value().isNull());
    auto wrong = run(Command::get("list"));
    REQUIRE(wrong->isError());
    server.kill();
    CHECK_THROWS_AS(run(Command::get("mine")), RedisException);
}
