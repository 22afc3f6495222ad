#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "AllocationCount.h"
#include "redis-common/Lane.h"
#include "support/Eventually.h"
#include "support/FakeRedisServer.h"
#include "support/FaultProxy.h"

using namespace oxcache;
using namespace oxcache::redis;
using namespace oxcache::testing;
using namespace std::chrono_literals;

namespace {

struct Wire {
    FakeRedisServer server;
    Settings settings;
    LaneCounters counters;
    std::unique_ptr<Connector> connector;

    Wire() {
        server.always("ECHO", [](const FakeRedisServer::Command& command, std::uint64_t) {
            return FakeRedisServer::say(FakeRedisServer::bulk(command.at(1)));
        });
        settings.liveness = Duration(60'000);
        connectTo(server.port());
    }
    void connectTo(std::uint16_t port) {
        Endpoint endpoint;
        endpoint.port = port;
        connector = std::make_unique<Connector>(
            settings, [endpoint](SteadyTime) -> Result<Endpoint> { return endpoint; });
    }
    std::unique_ptr<Lane> lane() {
        return std::make_unique<Lane>(settings, *connector, counters, [](const std::string&) {});
    }
};

SteadyTime in(Duration time) { return std::chrono::steady_clock::now() + time; }

void echo(Call& call, BytesView text) {
    call.clear();
    call.writer().command({"ECHO", text});
    call.commands = 1;
}

}  // namespace

TEST_CASE("ManyThreadsOnOneLaneEachGetTheirOwnReply") {
    Wire wire;
    const auto lane = wire.lane();
    std::atomic<int> wrong{0};
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 16; ++thread)
        threads.emplace_back([&, thread] {
            Call call;
            for (int i = 0; i < 200; ++i) {
                const std::string text = std::to_string(thread) + "/" + std::to_string(i);
                echo(call, text);
                lane->run(call, in(20s));
                if (!call.replied() || call.replies.at(0).text != text) ++wrong;
            }
        });
    for (std::thread& thread : threads) thread.join();
    CHECK(wrong == 0);
    CHECK(wire.server.accepted() == 1);
    CHECK(wire.counters.flushes <= wire.counters.commands);
}

TEST_CASE("ConnectionsThatEndUnderManyThreadsHangNobody") {
    Wire wire;
    const auto lane = wire.lane();
    std::atomic<bool> stop{false};
    std::atomic<int> wrong{0}, good{0};
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 8; ++thread)
        threads.emplace_back([&, thread] {
            Call call;
            for (int i = 0; !stop; ++i) {
                const std::string text = std::to_string(thread) + "/" + std::to_string(i);
                echo(call, text);
                lane->run(call, in(1s));
                if (!call.replied()) continue;
                ++(call.replies.at(0).text == text ? good : wrong);
            }
        });
    for (int round = 0; round < 20; ++round) {
        const int before = good;
        if (round % 2 == 0)
            wire.server.drop();
        else
            lane->renewUnless("elsewhere");
        CHECK(eventually([&] { return good > before + 20; }));
    }
    stop = true;
    for (std::thread& thread : threads) thread.join();
    CHECK(wrong == 0);
}

TEST_CASE("ALaneThatIsClosedEndsAllThatIsUnderWay") {
    Wire wire;
    wire.server.always("HOLD", FakeRedisServer::holdThenSay("+OK\r\n"));
    const auto lane = wire.lane();
    std::vector<std::thread> threads;
    std::atomic<int> ended{0};
    for (int thread = 0; thread < 8; ++thread)
        threads.emplace_back([&] {
            Call call;
            call.writer().command({"HOLD"});
            call.commands = 1;
            lane->run(call, in(60s));
            if (!call.replied()) ++ended;
        });
    REQUIRE(wire.server.awaitReceived("HOLD", 1));
    lane->close();
    for (std::thread& thread : threads) thread.join();
    CHECK(ended == 8);
    Call late;
    echo(late, "x");
    lane->run(late, in(1s));
    CHECK((late.error.code == ErrorCode::Closed));
    wire.server.release();
}

TEST_CASE("ACommandOnTheSteadyPathAllocatesItsValueAlone") {
    Wire wire;
    const auto lane = wire.lane();
    const std::string text(100, 'v');
    Call call;
    for (int i = 0; i < 100; ++i) {
        echo(call, text);
        lane->run(call, in(20s));
    }
    REQUIRE(call.replied());
    const std::size_t before = allocationsOfThisThread();
    constexpr std::size_t kCommands = 200;
    for (std::size_t i = 0; i < kCommands; ++i) {
        echo(call, text);
        lane->run(call, in(20s));
    }
    CHECK(allocationsOfThisThread() - before <= kCommands);
    REQUIRE(call.replied());
    CHECK(call.replies.at(0).text == text);
}

// The delay is the network's, and many times what is watched for.
TEST_CASE("AServerThatIsFarIsSoonNotWatchedFor") {
    Wire wire;
    FaultProxy proxy(wire.server.port());
    proxy.delay(Duration(1));
    wire.connectTo(proxy.port());
    const auto lane = wire.lane();
    Call call;
    for (int i = 0; i < 300; ++i) {
        echo(call, "x");
        lane->run(call, in(20s));
        REQUIRE(call.replied());
    }
    // Twice as long apart each time.
    CHECK(wire.counters.watches <= 9);
}
