#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "Nodes.h"
#include "support/Eventually.h"
#include "support/FakeRedisServer.h"
#include "support/FaultProxy.h"
#include "support/RedisPlugin.h"
#include "support/Threads.h"

using namespace oxcache;
using namespace oxcache::testing;
using namespace std::chrono_literals;

namespace {

/// How often the server was asked for a lease or a fill.
int scriptsRun(const RedisServer& server) {
    const std::string text = server.command({"INFO", "commandstats"});
    int sum = 0;
    for (const std::string name : {"cmdstat_eval:calls=", "cmdstat_evalsha:calls="})
        if (const std::size_t at = text.find(name); at != std::string::npos)
            sum += std::stoi(text.substr(at + name.size()));
    return sum;
}

}  // namespace

TEST_CASE("AWriteReachesTheOtherProcesssL1") {
    RedisServer server;
    CacheNode a(server.uri()), b(server.uri());
    a->set("k", std::string("one"));
    REQUIRE(warm(b, "k", "one"));
    a->set("k", std::string("two"));
    CHECK(eventually([&] { return b.read("k") == "two"; }, 3s));
    a->remove("k");
    CHECK(eventually([&] { return b.read("k") == "-"; }, 3s));
}

// SET and PUBLISH are two commands; that one was done and the other not is what a connection that
// ends between them leaves. Here the right to publish is gone, so it is the last message that is
// lost, and then there is silence.
TEST_CASE("ALostLastMessageIsNoticedWithinTheDeclaredBound") {
    RedisServer server({"--user", "writer", "on", ">pw", "~*", "&*", "+@all"});
    CacheNode a("redis://writer:pw@127.0.0.1:" + std::to_string(server.port()));
    CacheNode b(server.uri());
    REQUIRE(covered(b));
    a->set("k", std::string("one"));
    REQUIRE(warm(b, "k", "one"));
    server.command({"ACL", "SETUSER", "writer", "resetchannels"});
    REQUIRE(a->set("k", std::string("two")).status == WriteStatus::Stored);
    // Three beats of 200 ms and 100 ms are the bound; the rest is for a busy machine.
    CHECK(eventually([&] { return b.read("k") == "two"; }, 5s));
}

TEST_CASE("AListenerKilledInTheMiddleOfALoadAdmitsNothingOld") {
    RedisServer server;
    CacheNode a(server.uri()), b(server.uri());
    for (int round = 0; round < 10; ++round) {
        const std::string key = std::to_string(round);
        const auto loaded = a->getOrLoad<std::string>(key, [&] {
            server.command({"CLIENT", "KILL", "TYPE", "pubsub"});
            b->set(key, std::string("written"));
            return std::string("old");
        });
        CHECK(loaded == "old");
        CHECK(a.read(key) == "written");
    }
}

// The reply to a GET is on its way when the server tells that the key changed, or that all did.
TEST_CASE("AnInvalidationThatOvertakesTheReplyKeepsTheValueOut") {
    for (const char* what : {"*1\r\n$3\r\ns:k\r\n", "_\r\n"}) {
        FakeRedisServer server;
        server.always("TIME", FakeRedisServer::say("*2\r\n$10\r\n1700000000\r\n$1\r\n0\r\n"));
        server.always("PEXPIRETIME", FakeRedisServer::say(":-1\r\n"));
        CacheNode a("redis://" + server.address(), {"l2.format = raw"});
        REQUIRE(covered(a));
        const std::uint64_t gaps = a->stats().busGaps;
        server.once("GET", FakeRedisServer::holdThenSay(FakeRedisServer::bulk("old")));
        server.always("GET", FakeRedisServer::say(FakeRedisServer::bulk("new")));
        std::string got;
        std::thread reader([&] { got = a.read("k"); });
        REQUIRE(server.awaitReceived("GET", 1));
        server.push(">2\r\n$10\r\ninvalidate\r\n" + std::string(what));
        CHECK(eventually([&] { return a->stats().busMessages > 0 || a->stats().busGaps > gaps; }));
        server.release();
        reader.join();
        // It is an answer to who asked before, and to nobody else.
        CHECK(got == "old");
        CHECK(a.local("k") == "-");
        CHECK(a.read("k") == "new");
        CHECK(a.local("k") == "new");
    }
}

TEST_CASE("ASilentNetworkBoundsWhatL1Serves") {
    RedisServer server;
    FaultProxy proxy(server.port());
    CacheNode a(proxy.uri(), {"degraded.max_staleness = 0"}), b(server.uri());
    REQUIRE(covered(a));
    b->set("k", std::string("old"));
    REQUIRE(warm(a, "k", "old"));
    proxy.stop();
    b->set("k", std::string("new"));
    // The listener hears nothing, not even answers to its pings: the copy must not be served as
    // fresh for longer than that takes to be noticed.
    CHECK(eventually([&] { return a->lookup<std::string>("k").outcome != Outcome::Hit; }, 5s));
    proxy.resume();
    CHECK(eventually([&] { return a.read("k") == "new"; }, 10s));
}

TEST_CASE("AnOutageOfTheServerDoesNotEmptyL1") {
    RedisServer server;
    CacheNode a(server.uri());
    REQUIRE(covered(a));
    a->set("k", std::string("v"));
    REQUIRE(warm(a, "k", "v"));
    server.kill();
    CHECK(eventually([&] { return a->lookup<std::string>("k").outcome == Outcome::Stale; }));
    CHECK(a.read("k") == "v");
    CHECK(a->health().l2 == 0);
    server.start();
    CHECK(eventually([&] { return a->health().l2 == 1; }, 15s));
    // The server came back empty, and L1 must not know better.
    CHECK(eventually([&] { return a.read("k") == "-"; }, 10s));
}

TEST_CASE("TwoHundredThreadsThatMissOneKeyAskOnce") {
    RedisServer server;
    CacheNode a(server.uri());
    // A bus that begins to cover ends flights: nobody joins those of before.
    REQUIRE(covered(a));
    (void)a.read("other");
    const auto gets = [&] {
        const std::string text = server.command({"INFO", "commandstats"});
        const std::size_t at = text.find("cmdstat_get:calls=");
        return at == std::string::npos ? 0 : std::stoi(text.substr(at + 18));
    };
    constexpr int kThreads = 200;
    std::atomic<int> loads{0}, come{0};
    together(kThreads, [&](int) {
        ++come;
        const auto value = a->getOrLoad<std::string>("k", [&] {
            ++loads;
            CHECK(eventually([&] { return come == kThreads; }));
            return std::string("v");
        });
        CHECK(value == "v");
    });
    CHECK(loads == 1);
    CHECK(gets() < 20);
}

TEST_CASE("OneLoadInAllProcesses") {
    RedisServer server;
    const std::vector<std::string> locked = {"load.distributed_lock = true"};
    std::vector<std::unique_ptr<CacheNode>> nodes;
    for (int i = 0; i < 4; ++i) nodes.push_back(std::make_unique<CacheNode>(server.uri(), locked));
    for (int round = 0; round < 5; ++round) {
        std::atomic<int> loads{0}, come{0};
        const std::string key = "k" + std::to_string(round);
        const int before = scriptsRun(server);
        together(16, [&](int thread) {
            CacheNode& node = *nodes[static_cast<std::size_t>(thread) % nodes.size()];
            ++come;
            const auto value = node->getOrLoad<std::string>(key, [&] {
                ++loads;
                // Until others have met the lease.
                CHECK(eventually([&] { return come == 16 && scriptsRun(server) >= before + 4; }));
                return std::string("v");
            });
            CHECK(value == "v");
        });
        CHECK(loads == 1);
    }
}

TEST_CASE("ADeadOwnersLeaseEndsAndIsTakenOver") {
    RedisServer server;
    CacheNode a(server.uri(), {"load.distributed_lock = true", "load.max_hold = 5s"});
    (void)a.read("k");
    // Somebody who leaves a lease of half a second and is never heard of again.
    RedisPlugin other(server.uri());
    auto store = other.store();
    const Key key = "s:k";
    const auto now = store->time(other.soon());
    REQUIRE(now.ok());
    REQUIRE(store->lease({&key, 1}, {other.version(), *now + 500}, other.soon())[0].ok());
    const auto begun = std::chrono::steady_clock::now();
    const auto value = a->getOrLoad<std::string>("k", [] { return std::string("mine"); });
    CHECK(value == "mine");
    CHECK(std::chrono::steady_clock::now() - begun >= 300ms);
    CHECK(a.remote("k") == "mine");
}

TEST_CASE("AnEvictedLeaseRefusesTheFill") {
    RedisServer server;
    CacheNode a(server.uri());
    (void)a.read("k");
    for (const char* command : {"DEL", "FLUSHALL"}) {
        const auto value = a->getOrLoad<std::string>("k", [&] {
            // As an eviction, a stranger or an operator does.
            if (std::string(command) == "DEL")
                server.command({"DEL", "s:k"});
            else
                server.command({"FLUSHALL"});
            return std::string("v");
        });
        CHECK(value == "v");
        CHECK(redisCommand(server.port(), {"EXISTS", "s:k"}).at(0) == "0");
    }
}

TEST_CASE("ALeaseEvictedForMemoryRefusesTheFill") {
    RedisServer server({"--maxmemory-policy", "allkeys-random"});
    CacheNode a(server.uri());
    (void)a.read("k");
    const auto stands = [&] { return redisCommand(server.port(), {"EXISTS", "s:k"}).at(0) == "1"; };
    bool leased = false;
    const auto value = a->getOrLoad<std::string>("k", [&] {
        leased = stands();
        const std::string junk(10'000, 'j');
        server.command({"CONFIG", "SET", "maxmemory", "1500000"});
        for (int i = 0; i < 5000 && stands(); ++i)
            server.command({"SET", "junk:" + std::to_string(i), junk});
        return std::string("v");
    });
    CHECK(value == "v");
    CHECK(leased);
    CHECK_FALSE(stands());
    server.command({"CONFIG", "SET", "maxmemory", "0"});
    CHECK(a.remote("k") == "-");
}
