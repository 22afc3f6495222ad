#include "DemoProgram.h"
#include "support/RedisCluster.h"
#include "support/RedisSentinels.h"
#include "support/RedisServer.h"

using namespace oxcache::demo;
using namespace oxcache::testing;
using nlohmann::json;

namespace {

/// A run on one of the samples in config/, at the servers of the test.
std::string runOn(const std::string& sample, const std::string& uri) {
    return "--config '" OXCACHE_SAMPLES "/" + sample +
           ".properties' --set 'oxcache.services.my_service.l2.connection_string=" + uri +
           "' --input '" OXCACHE_FIXTURE "' --json --threads 3 --zipf 0 --requests ";
}

/// The same table as on the embedded store: counts that add up, a cold start that asks the database
/// for each key once, and a second process that finds all of them in L2.
void checkRuns(const std::string& sample, const std::string& uri) {
    const DemoProgram demo;
    const std::string run = runOn(sample, uri) + "3000";
    const Ended cold = demo.run(run);
    INFO(cold.err);
    REQUIRE(cold.status == 0);
    const json first = cold.json();
    CHECK(first["requests"] == 3000);
    CHECK(first["errors"] == 0);
    CHECK(first["loads"] >= 3);
    CHECK(first["database_queries"] == 3);
    CHECK(first["l1_hits"].get<int>() + first["l2_hits"].get<int>() + first["loads"].get<int>() ==
          3000);
    CHECK(contains(cold.err, "L1 (memory)"));

    const Ended warm = demo.run(run);
    REQUIRE(warm.status == 0);
    const json second = warm.json();
    CHECK(second["errors"] == 0);
    CHECK(second["database_queries"] == 0);
    CHECK(second["loads"] == 0);
    CHECK(second["l2_hits"] >= 3);
}

}  // namespace

TEST_CASE("TheDemoRunsOnOneRedisServer") {
    const RedisServer server;
    checkRuns("redis-standalone", server.uri());
}

TEST_CASE("ASettingAloneMovesTheDefaultRunToRedis") {
    const RedisServer server;
    const DemoProgram demo;
    const Ended run = demo.run(
        "--set oxcache.services.demo.l2.plugin=redis-standalone "
        "--set oxcache.services.demo.l2.connection_string=" +
        server.uri() + " --input '" OXCACHE_FIXTURE "' --json --requests 100");
    INFO(run.err);
    REQUIRE(run.status == 0);
    CHECK(run.json()["requests"] == 100);
    CHECK(run.json()["errors"] == 0);
}

TEST_CASE("TheDemoRunsOnAMasterThatSentinelsName") {
    const RedisSentinels sentinels;
    checkRuns("redis-sentinel", sentinels.uri());
}

TEST_CASE("TheDemoRunsOnACluster") {
    const RedisCluster cluster;
    checkRuns("redis-cluster", cluster.uri());
}
