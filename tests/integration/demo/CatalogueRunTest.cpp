#include <filesystem>

#include "DemoProgram.h"

using namespace oxcache::demo;
using nlohmann::json;

namespace {

const std::string kInput = " --input '" OXCACHE_FIXTURE "'";

void checkSums(const json& line, std::uint64_t requests) {
    CAPTURE(line.dump());
    CHECK(line.size() == 9);
    CHECK(line["requests"] == requests);
    CHECK(line["l1_hits"].get<std::uint64_t>() + line["l2_hits"].get<std::uint64_t>() +
              line["loads"].get<std::uint64_t>() + line["errors"].get<std::uint64_t>() ==
          requests);
    CHECK(line["throughput_ops"] > 0);
    for (const auto& [level, count] :
         {std::pair("l1", "l1_hits"), std::pair("l2", "l2_hits"), std::pair("fallback", "loads")}) {
        for (const char* percentile : {"p50", "p99", "p999"}) {
            const json& value = line["latency_us"][level][percentile];
            CHECK(value.is_null() == (line[count] == 0));
        }
    }
}

}  // namespace

TEST_CASE("TheMachinesOwnCatalogueIsServedWithoutArguments") {
    const DemoProgram demo;
    const Ended first = demo.run(OXCACHE_WITHOUT_ARGUMENTS);
    CHECK(first.status == 0);
    CHECK(contains(first.out, "packages from /var/lib/dpkg/status"));
    CHECK(contains(first.out, "Cold start"));
    CHECK(contains(first.out, "L1 (memory)"));
    CHECK(contains(first.out, "database queries saved"));
    CHECK(std::filesystem::exists(demo.path("oxcache-demo.state/packages.db")));
}

TEST_CASE("ARunsCountsAddUpAndTheSecondStartsWarm") {
    const DemoProgram demo;
    const std::string run = "--json --requests 3000 --threads 3 --zipf 0 --state s" + kInput;
    const Ended first = demo.run(run);
    REQUIRE(first.status == 0);
    checkSums(first.json(), 3000);
    CHECK(contains(first.err, "Cold start"));
    CHECK(first.json()["errors"] == 0);
    CHECK(first.json()["negative"] == 0);
    CHECK(first.json()["database_queries"] == 3);
    CHECK(first.json()["loads"] >= 3);

    const Ended second = demo.run(run);
    REQUIRE(second.status == 0);
    checkSums(second.json(), 3000);
    CHECK(contains(second.err, "Warm start: L2 holds 100.0 %"));
    CHECK(second.json()["database_queries"] == 0);
    CHECK(second.json()["loads"] == 0);
    CHECK(second.json()["l2_hits"] >= 3);
}

TEST_CASE("WithJsonStandardOutputIsOneLine") {
    const DemoProgram demo;
    const Ended ended = demo.run("--json --requests 10 --threads 1" + kInput);
    CHECK(ended.status == 0);
    CHECK(ended.out.find('\n') == ended.out.size() - 1);
    CHECK(contains(ended.err, "answered by"));
    CHECK(ended.err.find('\x1b') == std::string::npos);
}

TEST_CASE("AChangedCatalogueIsNotServedFromTheOldL2") {
    const DemoProgram demo;
    demo.file("status", "Package: alpha\nVersion: 1\n");
    const std::string get = "get alpha --json --state s --input status";
    CHECK(demo.run(get).json()["value"]["version"] == "1");
    CHECK(demo.run(get).json()["level"] == "l2");
    demo.file("status", "Package: alpha\nVersion: 20\n");
    CHECK(demo.run(get).json()["value"]["version"] == "20");
}

TEST_CASE("GetShowsAValueTheLevelItCameFromAndTheTime") {
    const DemoProgram demo;
    const Ended first = demo.run("get beta" + kInput);
    CHECK(first.status == 0);
    CHECK(contains(first.out, "2:3.4~rc1+dfsg-5"));
    CHECK(contains(first.out, "found in fallback, after "));
    const Ended second = demo.run("get beta --json" + kInput);
    CHECK(second.status == 0);
    const json line = second.json();
    CHECK(line.size() == 5);
    CHECK(line["key"] == "beta");
    CHECK(line["value"]["installed_size"] == 7);
    CHECK(contains(line["value"]["summary"], "\"quotes\" and ümlauts"));
    CHECK(line["outcome"] == "hit");
    CHECK(line["level"] == "l2");
    CHECK(line["latency_us"] > 0);
}

TEST_CASE("GetOfWhatIsNotThereSaysSo") {
    const DemoProgram demo;
    const Ended ended = demo.run("get omega" + kInput);
    CHECK(ended.status == 1);
    CHECK(contains(ended.out, "not there"));
    const Ended line = demo.run("get omega --json" + kInput);
    CHECK(line.status == 1);
    CHECK(line.json()["value"].is_null());
    CHECK(line.json()["level"] == "l2");
}

TEST_CASE("AKeyThatIsTooLongIsRefusedByName") {
    const DemoProgram demo;
    const Ended ended = demo.run("get " + std::string(1025, 'k') + " --json" + kInput);
    CHECK(ended.status == 1);
    CHECK(ended.json()["outcome"] == "error");
    CHECK(contains(ended.err, "1024"));
}

TEST_CASE("AConfigurationWithoutFallbackIsServedByTheLoader") {
    const DemoProgram demo;
    demo.file("own.properties",
              "oxcache.services.packages.cache_type = l1\n"
              "oxcache.services.packages.l1.max_capacity = 100\n");
    const Ended ended =
        demo.run("--config own.properties --json --requests 300 --threads 1" + kInput);
    REQUIRE(ended.status == 0);
    checkSums(ended.json(), 300);
    CHECK(ended.json()["loads"] == 3);
    CHECK(ended.json()["database_queries"] == 3);
    CHECK(ended.json()["l2_hits"] == 0);
}

TEST_CASE("AnEnvironmentsFileIsLaidOverTheConfiguration") {
    const DemoProgram demo;
    std::filesystem::create_directory(demo.path("environments"));
    demo.file("base.properties", "oxcache.services.demo.cache_type = l1\n");
    demo.file("environments/tiny.properties", "oxcache.services.demo.max_key_length = 3\n");
    CHECK(demo.run("get alpha --config base.properties" + kInput).status == 0);
    const Ended ended = demo.run("get alpha --config base.properties --env tiny" + kInput);
    CHECK(ended.status == 1);
    CHECK(contains(ended.err, "3"));
    CHECK(demo.run("get alpha --config base.properties --env none" + kInput).status == 2);
}

TEST_CASE("SettingsOfTheCommandLineWin") {
    const DemoProgram demo;
    const Ended ended = demo.run(
        "--json --requests 300 --threads 1 --set oxcache.services.demo.cache_type=l2" + kInput);
    REQUIRE(ended.status == 0);
    CHECK(ended.json()["l1_hits"] == 0);
    CHECK(ended.json()["l2_hits"] == 297);
}
