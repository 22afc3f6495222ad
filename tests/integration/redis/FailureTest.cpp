#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "support/Eventually.h"
#include "support/RedisPlugin.h"

using namespace oxcache;
using namespace oxcache::testing;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

namespace {

bool is(const Error& error, ErrorCode code) { return error.code == code; }

Bytes payloadOf(const Bytes& envelope) {
    const auto decoded = decodeEnvelope(envelope);
    return decoded ? Bytes(decoded->payload) : Bytes("no envelope");
}

}  // namespace

TEST_CASE("KillUnderSixtyFourThreadsNeitherHangsNorMixesValues") {
    RedisServer server;
    RedisPlugin plugin(server.uri());
    auto store = plugin.store();
    constexpr int kThreads = 64;
    std::atomic<bool> stop{false};
    std::atomic<int> foreign{0}, late{0};
    std::atomic<std::uint64_t> answered{0};
    std::vector<std::thread> threads;
    for (int thread = 0; thread < kThreads; ++thread)
        threads.emplace_back([&, thread] {
            const std::string key = "conformance:" + std::to_string(thread);
            for (std::uint32_t round = 1; !stop; ++round) {
                const auto begun = steady_clock::now();
                const Version version{round, round, static_cast<std::uint64_t>(thread)};
                const Bytes envelope = plugin.envelope(EntryKind::Value, key, version);
                const Deadline deadline = plugin.in(seconds(1));
                (void)plugin.put(*store, key, envelope, spi::PutMode::Overwrite, {}, deadline);
                const auto got = plugin.get(*store, key, deadline);
                if (got && !got->empty()) {
                    ++answered;
                    if (payloadOf(*got) != key) ++foreign;
                }
                if (steady_clock::now() - begun > seconds(5)) ++late;
            }
        });
    for (int kill = 0; kill < 3; ++kill) {
        const std::uint64_t before = answered;
        CHECK(eventually([&] { return answered > before + 2000; }));
        server.kill();
        server.start();
    }
    const std::uint64_t before = answered;
    CHECK(eventually([&] { return answered > before + 2000; }));
    stop = true;
    for (std::thread& thread : threads) thread.join();
    CHECK(foreign == 0);
    CHECK(late == 0);
}

TEST_CASE("LateRepliesOfAFrozenServerAreDiscarded") {
    RedisServer server;
    RedisPlugin plugin(server.uri());
    plugin.options.set("liveness", Duration(60'000));
    auto store = plugin.store();
    REQUIRE(plugin.set(*store, "conformance:a", plugin.value("first")).ok());
    REQUIRE(plugin.set(*store, "conformance:b", plugin.value("second")).ok());
    server.freeze();
    for (int i = 0; i < 5; ++i) {
        const auto got = plugin.get(*store, "conformance:a", plugin.in(milliseconds(50)));
        REQUIRE_FALSE(got.ok());
        CHECK(is(got.error(), ErrorCode::Timeout));
    }
    server.thaw();
    const auto got = plugin.get(*store, "conformance:b");
    REQUIRE(got.ok());
    CHECK(payloadOf(*got) == "second");
    CHECK(RedisPlugin::counterOf(*store, "connections_lost") == 0);
}

TEST_CASE("AFrozenServerIsNoticedAndItsSuccessorUsed") {
    RedisServer server;
    RedisPlugin plugin(server.uri());
    auto store = plugin.store();
    REQUIRE(plugin.set(*store, "conformance:a", plugin.value("v")).ok());
    server.freeze();
    CHECK(eventually([&] {
        (void)plugin.get(*store, "conformance:a", plugin.in(milliseconds(100)));
        return RedisPlugin::counterOf(*store, "connections_lost") > 0;
    }));
    server.thaw();
    CHECK(eventually([&] { return plugin.get(*store, "conformance:a").ok(); }));
}

TEST_CASE("AWriteThatFrozeOnItsWayNeverOvertakesALaterOne") {
    RedisServer server;
    RedisPlugin plugin(server.uri());
    auto store = plugin.store();
    REQUIRE(plugin.set(*store, "conformance:k", plugin.value("before")).ok());
    server.freeze();
    const auto zombie = plugin.put(*store, "conformance:k", plugin.value("zombie"),
                                   spi::PutMode::Overwrite, {}, plugin.in(milliseconds(100)));
    REQUIRE_FALSE(zombie.ok());
    // The silence ends the connection while the write lies in the server's socket.
    CHECK(eventually([&] {
        (void)plugin.get(*store, "conformance:k", plugin.in(milliseconds(100)));
        return RedisPlugin::counterOf(*store, "connections_lost") > 0;
    }));
    server.thaw();
    CHECK(eventually(
        [&] { return plugin.set(*store, "conformance:k", plugin.value("after")).ok(); }));
    CHECK(RedisPlugin::counterOf(*store, "fences") > 0);
    CHECK(RedisPlugin::counterOf(*store, "fences_refused") == 0);
    for (int i = 0; i < 20; ++i) CHECK(payloadOf(*plugin.get(*store, "conformance:k")) == "after");
}

TEST_CASE("ScriptsSurviveTheServersForgettingThem") {
    RedisServer server;
    RedisPlugin plugin(server.uri());
    auto store = plugin.store();
    for (int round = 0; round < 3; ++round) {
        server.command({"SCRIPT", "FLUSH"});
        const Version observed = plugin.version();
        const std::string key = "conformance:" + std::to_string(round);
        REQUIRE(plugin.set(*store, key, plugin.envelope(EntryKind::Value, "old", observed)).ok());
        const auto filled = plugin.put(*store, key, plugin.value("filled"),
                                       spi::PutMode::FillIfUnchanged, observed, plugin.soon());
        REQUIRE(filled.ok());
        CHECK((*filled == spi::PutOutcome::Stored));
    }
    CHECK(RedisPlugin::counterOf(*store, "scripts_sent") == 3);
}

TEST_CASE("AWrongPasswordIsToldAndHealsWhenItIsRight") {
    RedisServer server({"--requirepass", "right"});
    RedisPlugin plugin("redis://:wrong@127.0.0.1:" + std::to_string(server.port()));
    auto store = plugin.store();
    const auto got = plugin.get(*store, "conformance:k");
    REQUIRE_FALSE(got.ok());
    CHECK(is(got.error(), ErrorCode::Unavailable));
    CHECK(got.error().message.find("WRONGPASS") != std::string::npos);
    CHECK(plugin.book.has("WRONGPASS"));
    server.restart({"--requirepass", "wrong"});
    CHECK(eventually([&] { return plugin.get(*store, "conformance:k").ok(); }));
}

TEST_CASE("AMissingPasswordIsTold") {
    RedisServer server({"--requirepass", "right"});
    RedisPlugin plugin(server.uri());
    auto store = plugin.store();
    const auto got = plugin.get(*store, "conformance:k");
    REQUIRE_FALSE(got.ok());
    CHECK(got.error().message.find("NOAUTH") != std::string::npos);
}

TEST_CASE("AnAclUserLogsIn") {
    RedisServer server({"--user", "cache", "on", ">p@ss:/%", "~*", "&*", "+@all"});
    RedisPlugin plugin("redis://cache:p%40ss%3A%2F%25@127.0.0.1:" + std::to_string(server.port()) +
                       "/3?client_name=tester");
    auto store = plugin.store();
    REQUIRE(plugin.set(*store, "conformance:k", plugin.value("v")).ok());
    const std::string clients = server.command({"CLIENT", "LIST"});
    CHECK(clients.find("name=tester") != std::string::npos);
    CHECK(clients.find("user=cache") != std::string::npos);
    CHECK(clients.find("db=3") != std::string::npos);
}

TEST_CASE("AUserWithoutClientKillIsWarnedOf") {
    RedisServer server({"--user", "cache", "on", ">pw", "~*", "&*", "+@all", "-client|kill"});
    RedisPlugin plugin("redis://cache:pw@127.0.0.1:" + std::to_string(server.port()));
    auto store = plugin.store();
    REQUIRE(plugin.set(*store, "conformance:k", plugin.value("v")).ok());
    server.freeze();
    (void)plugin.put(*store, "conformance:k", plugin.value("v"), spi::PutMode::Overwrite, {},
                     plugin.in(milliseconds(100)));
    CHECK(eventually([&] {
        (void)plugin.get(*store, "conformance:k", plugin.in(milliseconds(100)));
        return RedisPlugin::counterOf(*store, "connections_lost") > 0;
    }));
    server.thaw();
    CHECK(eventually([&] { return plugin.set(*store, "conformance:k", plugin.value("w")).ok(); }));
    CHECK(RedisPlugin::counterOf(*store, "fences_refused") == 1);
    CHECK(plugin.book.has("+client|kill"));
}

TEST_CASE("AFullServerRefusesValuesAndStillRemoves") {
    RedisServer server({"--maxmemory-policy", "noeviction"});
    RedisPlugin plugin(server.uri());
    auto store = plugin.store();
    REQUIRE(plugin.set(*store, "conformance:k", plugin.value("v")).ok());
    server.command({"CONFIG", "SET", "maxmemory", "1"});
    const auto refused = plugin.set(*store, "conformance:k", plugin.value("w"));
    REQUIRE_FALSE(refused.ok());
    CHECK(is(refused.error(), ErrorCode::Unavailable));
    CHECK(refused.error().message.find("OOM") != std::string::npos);
    const auto removed = plugin.set(*store, "conformance:k",
                                    plugin.envelope(EntryKind::Tombstone, "", plugin.version()));
    REQUIRE(removed.ok());
    CHECK((*removed == spi::PutOutcome::Stored));
    CHECK(plugin.get(*store, "conformance:k")->empty());
}

TEST_CASE("AReplicaRefusesWritesAndServesReads") {
    RedisServer server;
    RedisPlugin plugin(server.uri());
    auto store = plugin.store();
    const Version observed = plugin.version();
    REQUIRE(
        plugin.set(*store, "conformance:k", plugin.envelope(EntryKind::Value, "v", observed)).ok());
    server.command({"REPLICAOF", "127.0.0.1", "1"});
    const auto set = plugin.set(*store, "conformance:k", plugin.value("w"));
    REQUIRE_FALSE(set.ok());
    CHECK(set.error().message.find("READONLY") != std::string::npos);
    const auto fill = plugin.put(*store, "conformance:k", plugin.value("w"),
                                 spi::PutMode::FillIfUnchanged, observed, plugin.soon());
    REQUIRE_FALSE(fill.ok());
    CHECK(fill.error().message.find("READONLY") != std::string::npos);
    CHECK(payloadOf(*plugin.get(*store, "conformance:k")) == "v");
    server.command({"REPLICAOF", "NO", "ONE"});
    CHECK(plugin.set(*store, "conformance:k", plugin.value("w")).ok());
}

TEST_CASE("AStrangersTypeIsAnErrorOfItsKeyAlone") {
    RedisServer server;
    RedisPlugin plugin(server.uri());
    auto store = plugin.store();
    server.command({"LPUSH", "conformance:list", "x"});
    REQUIRE(plugin.set(*store, "conformance:k", plugin.value("v")).ok());
    const Key keys[] = {"conformance:list", "conformance:k"};
    const auto got = store->get(keys, plugin.soon());
    REQUIRE_FALSE(got[0].ok());
    CHECK(is(got[0].error(), ErrorCode::Undecodable));
    REQUIRE(got[1].ok());
    const auto leased =
        store->lease(keys, {plugin.version(), plugin.clock.wallMs() + 1000}, plugin.soon());
    REQUIRE_FALSE(leased[0].ok());
    CHECK(is(leased[0].error(), ErrorCode::Undecodable));
    REQUIRE(leased[1].ok());
}

TEST_CASE("AStoreIsMadeWithoutAServerAndComesUpWithIt") {
    RedisServer server;
    server.kill();
    RedisPlugin plugin(server.uri());
    auto store = plugin.store();
    const auto begun = steady_clock::now();
    for (int i = 0; i < 100; ++i) {
        const auto got = plugin.get(*store, "conformance:k");
        REQUIRE_FALSE(got.ok());
        CHECK(is(got.error(), ErrorCode::Unavailable));
    }
    // An outage is told at once, not by waiting for each deadline.
    CHECK(steady_clock::now() - begun < seconds(10));
    server.start();
    CHECK(eventually([&] { return plugin.get(*store, "conformance:k").ok(); }));
}

TEST_CASE("AnIdleConnectionThatTheServerEndedCostsNoWrite") {
    RedisServer server;
    RedisPlugin plugin(server.uri());
    plugin.options.set("bus.beat", Duration(10'000));
    plugin.options.set("client_name", std::string("rests"));
    auto store = plugin.store();
    REQUIRE(plugin.set(*store, "conformance:k", plugin.value("v")).ok());
    // A connection is looked at once it rested for a while. The server tells how long it has, in
    // seconds that it counts by the clock's turn: 2 is at least one.
    const auto rested = [&] {
        const std::string clients = server.command({"CLIENT", "LIST"});
        const std::size_t at = clients.find(" idle=", clients.find("name=rests"));
        return at != std::string::npos && std::stoi(clients.substr(at + 6)) >= 2;
    };
    REQUIRE(eventually(rested));
    server.command({"CLIENT", "KILL", "TYPE", "normal"});
    CHECK(plugin.set(*store, "conformance:k", plugin.value("w")).ok());
    CHECK(RedisPlugin::counterOf(*store, "connections_lost") >= 1);
}

TEST_CASE("WrongOptionsAreToldAndNothingIsBuilt") {
    for (const char* uri :
         {"localhost:6379", "http://localhost", "redis://h:0", "redis://h:x", "redis://[::1",
          "redis://a,b", "redis://h/1/2", "redis://h?bd=1", "redis://h/x", "redis://user@h",
          "redis://u:%zz@h", "redis+sentinel://h/m"}) {
        RedisPlugin plugin(uri);
        const auto store = plugin.offer->remoteStore(plugin.context());
        REQUIRE_MESSAGE(!store.ok(), uri);
        CHECK(is(store.error(), ErrorCode::InvalidKey));
    }
}

TEST_CASE("AHostWithoutAnAddressIsNamed") {
    RedisPlugin plugin("redis://no-such-host.invalid:6379");
    auto store = plugin.store();
    const auto got = plugin.get(*store, "conformance:k");
    REQUIRE_FALSE(got.ok());
    CHECK(is(got.error(), ErrorCode::Unavailable));
    CHECK(got.error().message.find("no-such-host.invalid") != std::string::npos);
}

TEST_CASE("AUnixSocketIsAsGoodAsAPort") {
    RedisServer server;
    RedisPlugin plugin("unix://" + server.unixPath() + "?db=2");
    auto store = plugin.store();
    const Bytes sent = plugin.value("v");
    REQUIRE(plugin.set(*store, "conformance:k", sent).ok());
    CHECK(*plugin.get(*store, "conformance:k") == sent);
    CHECK(server.command({"CLIENT", "LIST"}).find("db=2") != std::string::npos);
    RedisPlugin byKey("");
    byKey.options.set("unix_socket", server.unixPath());
    auto other = byKey.store();
    CHECK(byKey.get(*other, "conformance:k").ok());
}
