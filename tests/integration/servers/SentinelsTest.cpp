#include <doctest/doctest.h>

#include "support/RedisSentinels.h"

using namespace oxcache::testing;

TEST_CASE("SentinelsReplaceADeadMasterAndFailOverOnDemand") {
    RedisSentinels group;
    const std::uint16_t first = group.masterPort();
    CHECK(first == group.server(0).port());
    CHECK(redisCommand(first, {"ROLE"}).front() == "master");

    group.master().kill();
    REQUIRE(group.awaitMasterOtherThan(first));
    const std::uint16_t second = group.masterPort();
    CHECK(redisCommand(second, {"SET", "k", "v"}).front() == "OK");

    group.at(first).start();
    group.failOver();
    REQUIRE(group.awaitMasterOtherThan(second));
    CHECK(group.at(second).running());
}

TEST_CASE("SentinelsAskForTheirPasswordAndDieOneByOne") {
    RedisSentinels group({}, {}, "watch");
    CHECK_THROWS_AS(redisCommand(group.sentinelPort(0), {"SENTINEL", "MASTERS"}),
                    std::runtime_error);
    CHECK(group.ask(0, {"PING"}).front() == "PONG");
    group.killSentinel(0);
    CHECK_THROWS_AS(group.ask(0, {"PING"}), std::runtime_error);
    CHECK(group.masterPort() == group.server(0).port());
    group.startSentinel(0);
    CHECK(group.ask(0, {"PING"}).front() == "PONG");
}
