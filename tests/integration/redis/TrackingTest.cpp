#include <doctest/doctest.h>

#include <sstream>

#include "Nodes.h"
#include "support/Eventually.h"
#include "support/RedisServer.h"

using namespace oxcache;
using namespace oxcache::testing;
using namespace std::chrono_literals;

namespace {

const std::vector<std::string> kRaw = {"l2.format = raw"};
const std::vector<std::string> kTracking = {"coherence = tracking"};

std::string answer(const RedisServer& server, const std::vector<std::string>& command) {
    return redisCommand(server.port(), command).at(0);
}

}  // namespace

TEST_CASE("AStrangersWriteAndRemoveReachEveryL1") {
    RedisServer server;
    server.command({"SET", "s:k", "one"});
    CacheNode a(server.uri(), kRaw), b(server.uri(), kRaw);
    REQUIRE(warm(a, "k", "one"));
    REQUIRE(warm(b, "k", "one"));
    server.command({"SET", "s:k", "two"});
    CHECK(eventually([&] { return a.read("k") == "two" && b.read("k") == "two"; }));
    REQUIRE(warm(a, "k", "two"));
    server.command({"DEL", "s:k"});
    CHECK(eventually([&] { return a.read("k") == "-" && b.read("k") == "-"; }));
}

TEST_CASE("AFlushOfTheServerReachesEveryL1") {
    RedisServer server;
    server.command({"SET", "s:k", "one"});
    CacheNode a(server.uri(), kRaw);
    REQUIRE(warm(a, "k", "one"));
    server.command({"FLUSHALL"});
    CHECK(eventually([&] { return a.read("k") == "-"; }));
}

TEST_CASE("RawValuesAreWhatOtherProgramsReadAndWrite") {
    RedisServer server;
    CacheNode a(server.uri(), kRaw);
    CHECK(a->set("k", std::string("plain"), 60s).status == WriteStatus::Stored);
    CHECK(answer(server, {"GET", "s:k"}) == "plain");
    const int left = std::stoi(answer(server, {"TTL", "s:k"}));
    CHECK(left > 50);
    CHECK(left <= 60);
    CHECK(a.read("k") == "plain");
    a->remove("k");
    CHECK(answer(server, {"EXISTS", "s:k"}) == "0");
    CHECK(a.read("k") == "-");
    // A load fills where nothing stands, and never in the place of what somebody wrote meanwhile.
    CHECK(a->getOrLoad<std::string>("l", [] { return std::string("loaded"); }) == "loaded");
    CHECK(answer(server, {"GET", "s:l"}) == "loaded");
    CHECK(a->getOrLoad<std::string>("m", [&] {
        server.command({"SET", "s:m", "written"});
        return std::string("loaded");
    }) == "loaded");
    CHECK(answer(server, {"GET", "s:m"}) == "written");
    CHECK(eventually([&] { return a.read("m") == "written"; }));
    server.command({"SET", "s:n", "7"});
    CHECK(a->get<int>("n") == 7);
}

TEST_CASE("AClearOfRawValuesLeavesOthersKeysAlone") {
    RedisServer server;
    CacheNode a(server.uri(), kRaw);
    for (int i = 0; i < 1200; ++i) server.command({"SET", "s:" + std::to_string(i), "v"});
    server.command({"SET", "other", "v"});
    CHECK(a->clear(ClearMode::Remove).status == WriteStatus::Stored);
    CHECK(answer(server, {"DBSIZE"}) == "1");
    CacheNode everything(server.uri(), {"l2.format = raw", "l2.key_prefix ="});
    CHECK(everything->clear(ClearMode::Remove).status == WriteStatus::LocalOnly);
    CHECK(answer(server, {"DBSIZE"}) == "1");
}

TEST_CASE("ACopyLivesNoLongerThanTheKeyInTheServer") {
    RedisServer server;
    // Without coherence nobody tells that the key ended.
    CacheNode a(server.uri(), {"l2.format = raw", "coherence = none"});
    (void)a.read("other");  // a connection, before time runs
    server.command({"SET", "s:k", "v", "PX", "2000"});
    CHECK(a.read("k") == "v");
    CHECK(a.local("k") == "v");
    CHECK(eventually([&] { return a.local("k") == "-"; }));
}

TEST_CASE("OwnWritesAreReadAtOnceUnderTracking") {
    RedisServer server;
    CacheNode a(server.uri(), kTracking), b(server.uri(), kTracking);
    for (int i = 0; i < 200; ++i) {
        const std::string value = std::to_string(i);
        REQUIRE(a->set("k", value).status == WriteStatus::Stored);
        REQUIRE(a.read("k") == value);
        REQUIRE(eventually([&] { return b.read("k") == value; }));
    }
    REQUIRE(warm(a, "k", "199"));
    REQUIRE(warm(b, "k", "199"));
    a->remove("k");
    CHECK(a.read("k") == "-");
    CHECK(eventually([&] { return b.read("k") == "-"; }));
}

TEST_CASE("TrackingSeesClearsOfOtherProcesses") {
    RedisServer server;
    CacheNode a(server.uri(), kTracking), b(server.uri(), kTracking);
    a->set("k", std::string("v"));
    REQUIRE(warm(b, "k", "v"));
    a->clear(ClearMode::Remove);
    CHECK(eventually([&] { return b.read("k") == "-"; }));
}

TEST_CASE("ListenersThatAreKilledLeaveNothingStale") {
    RedisServer server;
    server.command({"SET", "s:k", "0"});
    CacheNode a(server.uri(), kRaw);
    for (int round = 1; round <= 10; ++round) {
        REQUIRE(warm(a, "k", std::to_string(round - 1)));
        // All connections: the listener's is among them.
        server.command({"CLIENT", "KILL", "TYPE", "normal"});
        server.command({"SET", "s:k", std::to_string(round)});
        CHECK(eventually([&] { return a.read("k") == std::to_string(round); }));
    }
}

// A server that does not know HELLO speaks RESP2: invalidations come as messages of a channel, to
// the connection itself (CLIENT TRACKING … REDIRECT).
TEST_CASE("WhereAServerSpeaksResp2AStrangersWritesReachEveryL1ThroughARedirection") {
    for (const auto& options : {kRaw, kTracking}) {
        RedisServer server({"--rename-command", "HELLO", ""});
        CacheNode a(server.uri(), options), b(server.uri(), options);
        for (CacheNode* node : {&a, &b})
            REQUIRE(eventually([&] { return (*node)->stats().busCovered; }));
        REQUIRE(a->set("k", std::string("one")).status == WriteStatus::Stored);
        REQUIRE(warm(a, "k", "one"));
        REQUIRE(warm(b, "k", "one"));
        const std::string clients = server.command({"CLIENT", "LIST"});
        CHECK(clients.find("resp=3") == std::string::npos);
        // Both listeners track, by prefix, to themselves.
        std::istringstream lines(clients);
        int redirected = 0;
        for (std::string line; std::getline(lines, line);) {
            const auto id = line.find("id=");
            if (id == std::string::npos || line.find(" redir=-1") != std::string::npos) continue;
            const std::string number = line.substr(id + 3, line.find(' ', id) - id - 3);
            CHECK(line.find(" redir=" + number + " ") != std::string::npos);
            CHECK(line.find(" sub=1 ") != std::string::npos);
            ++redirected;
        }
        CHECK(redirected == 2);

        server.command({"DEL", "s:k"});
        CHECK(eventually([&] { return a.read("k") == "-" && b.read("k") == "-"; }));
        REQUIRE(a->set("k", std::string("two")).status == WriteStatus::Stored);
        CHECK(eventually([&] { return b.read("k") == "two"; }));
        REQUIRE(warm(a, "k", "two"));
        server.command({"FLUSHALL"});
        CHECK(eventually([&] { return a.read("k") == "-" && b.read("k") == "-"; }));
    }
}

TEST_CASE("WhereAServerSpeaksResp2ListenersThatAreKilledLeaveNothingStale") {
    RedisServer server({"--rename-command", "HELLO", ""});
    server.command({"SET", "s:k", "0"});
    CacheNode a(server.uri(), kRaw);
    for (int round = 1; round <= 10; ++round) {
        REQUIRE(warm(a, "k", std::to_string(round - 1)));
        // With RESP2 a listener is a subscriber to the server, and is killed as one.
        server.command({"CLIENT", "KILL", "TYPE", round % 2 == 0 ? "normal" : "pubsub"});
        server.command({"SET", "s:k", std::to_string(round)});
        CHECK(eventually([&] { return a.read("k") == std::to_string(round); }));
    }
}

TEST_CASE("WhatRawValuesCannotDoIsRefusedAtTheStart") {
    RedisServer server;
    for (const char* line : {"load.distributed_lock = true", "idle = 5", "coherence = pubsub"}) {
        CAPTURE(line);
        CHECK_THROWS_AS(CacheNode(server.uri(), {"l2.format = raw", line}), ConfigurationError);
    }
}
