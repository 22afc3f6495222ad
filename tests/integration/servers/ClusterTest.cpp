#include <doctest/doctest.h>

#include "support/RedisCluster.h"

using namespace oxcache::testing;

TEST_CASE("AClusterServesMovesSlotsGrowsShrinksAndReplacesADeadMaster") {
    RedisCluster cluster;
    CHECK(cluster.masterPorts().size() == 3);
    CHECK(RedisCluster::slotOf("foo{bar}") == RedisCluster::slotOf("bar"));
    const std::string key = "k";
    const std::uint16_t slot = RedisCluster::slotOf(key);
    const std::uint16_t from = cluster.masterPortOf(slot);
    CHECK(cluster.ask(from, {"CLUSTER", "KEYSLOT", key}).front() == std::to_string(slot));
    CHECK(cluster.ask(from, {"SET", key, "v"}).front() == "OK");

    RedisServer& added = cluster.addNode();
    const std::uint16_t to = added.port();
    CHECK(cluster.masterPorts().size() == 3);
    cluster.beginMove(slot, to);
    CHECK(cluster.moveKeys(slot, to, 100) == 1);
    CHECK_THROWS_WITH_AS(cluster.ask(from, {"GET", key}),
                         doctest::Contains(("ASK " + std::to_string(slot)).c_str()),
                         std::runtime_error);
    cluster.endMove(slot, to);
    CHECK(cluster.ask(to, {"GET", key}).front() == "v");
    CHECK_THROWS_WITH_AS(cluster.ask(from, {"GET", key}), doctest::Contains("MOVED"),
                         std::runtime_error);
    CHECK(cluster.awaitReady());
    CHECK(cluster.masterPorts().size() == 4);

    cluster.move(slot, from);
    CHECK(cluster.ask(from, {"GET", key}).front() == "v");
    cluster.removeNode(to);
    CHECK(cluster.awaitReady());
    CHECK(cluster.masterPorts().size() == 3);

    cluster.at(from).kill();
    CHECK(cluster.awaitReady());
    CHECK(cluster.masterPortOf(slot) != from);
    CHECK(cluster.ask(cluster.masterPortOf(slot), {"GET", key}).front() == "v");
}
