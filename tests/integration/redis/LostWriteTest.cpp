#include <doctest/doctest.h>

#include "Nodes.h"
#include "support/Eventually.h"
#include "support/FaultProxy.h"
#include "support/RedisServer.h"

using namespace oxcache;
using namespace oxcache::testing;

namespace {

/// Both read what lies in Redis, and keep it.
bool agree(CacheNode& a, CacheNode& b, const std::string& key) {
    return eventually([&] {
        const std::string truth = b.remote(key);
        return a.read(key) == truth && b.read(key) == truth && a.local(key) == truth &&
               b.local(key) == truth;
    });
}

}  // namespace

TEST_CASE("AKillBetweenSetAndPublishLeavesNoProcessWithTheOldValue") {
    RedisServer server;
    FaultProxy proxy(server.port());
    CacheNode a(proxy.uri()), b(server.uri());
    REQUIRE(covered(b));
    for (int round = 0; round < 5; ++round) {
        const std::string key = std::to_string(round);
        REQUIRE(eventually(
            [&] { return a->set(key, std::string("old")).status == WriteStatus::Stored; }));
        REQUIRE(warm(b, key, "old"));
        const std::uint64_t gaps = b->stats().busGaps;
        // The bytes of SET go on, those of PUBLISH do not. Where a beat was cut, once more.
        REQUIRE(eventually([&] {
            proxy.cutRequestBefore("PUBLISH");
            a->set(key, std::string("new"));
            return b.remote(key) == "new";
        }));
        CHECK(proxy.found() > static_cast<std::uint64_t>(round));
        // Who wrote knows at once that his copy is not to be trusted.
        CHECK(a.read(key) != "old");
        // Nothing told the other of this key: only that something is missing.
        CHECK(eventually([&] { return b.read(key) == "new"; }));
        CHECK(eventually([&] { return b->stats().busGaps > gaps; }));
        CHECK(agree(a, b, key));
    }
}

TEST_CASE("AWriteCutAtAnyByteEndsWithEveryL1AsL2") {
    constexpr std::size_t kCuts = 300;
    constexpr std::size_t kStep = 3;
    RedisServer server;
    FaultProxy proxy(server.port());
    CacheNode a(proxy.uri()), b(server.uri());
    REQUIRE(covered(a));
    REQUIRE(covered(b));
    for (std::size_t at = 0; at < kCuts; at += kStep) {
        REQUIRE(a->set(std::to_string(at), std::string("old")).status == WriteStatus::Stored);
        REQUIRE(warm(b, std::to_string(at), "old"));
    }
    int stored = 0, arrived = 0;
    for (std::size_t at = 0; at < kCuts; at += kStep) {
        const std::string key = std::to_string(at);
        // A connection first, for the bytes of a login count as well.
        REQUIRE(eventually(
            [&] { return a->set("other", std::string("v")).status == WriteStatus::Stored; }));
        proxy.cutRequest(at);
        const bool acknowledged = a->set(key, std::string("new")).status == WriteStatus::Stored;
        const bool there = b.remote(key) == "new";
        if (acknowledged) CHECK(there);
        stored += acknowledged ? 1 : 0;
        arrived += there ? 1 : 0;
    }
    MESSAGE(std::to_string(kCuts / kStep)
            << " cuts: " << arrived << " arrived, " << stored << " acknowledged");
    CHECK(stored < static_cast<int>(kCuts / kStep));
    CHECK(arrived > 0);
    for (std::size_t at = 0; at < kCuts; at += kStep) CHECK(agree(a, b, std::to_string(at)));
}

TEST_CASE("AWriteThatTheNetworkHeldNeverOvertakesALaterOne") {
    RedisServer server;
    FaultProxy proxy(server.port());
    CacheNode a(proxy.uri(), {"deadline = 300ms"}), b(server.uri());
    REQUIRE(covered(a));
    REQUIRE(covered(b));
    REQUIRE(a->set("k", std::string("before")).status == WriteStatus::Stored);
    REQUIRE(warm(b, "k", "before"));
    const std::uint64_t ended = proxy.ended();
    proxy.holdRequestWith("zombie");
    CHECK(a->set("k", std::string("zombie")).status != WriteStatus::Stored);
    REQUIRE(proxy.found() == 1);
    CHECK(a.local("k") != "before");
    // The silence ends that connection, and its successor has the server end it too. Until then
    // writes join those that are held, each with a value of its own.
    std::string last;
    REQUIRE(eventually([&, attempt = 0]() mutable {
        last = "after " + std::to_string(++attempt);
        return a->set("k", last).status == WriteStatus::Stored;
    }));
    proxy.letGo();
    CHECK(eventually([&] { return proxy.ended() > ended; }));
    for (int i = 0; i < 20; ++i) CHECK(b.remote("k") == last);
    CHECK(agree(a, b, "k"));
    CHECK(a.read("k") == last);
}
