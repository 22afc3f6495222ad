#include <doctest/doctest.h>

#include <Poco/AutoPtr.h>
#include <Poco/Exception.h>
#include <Poco/Util/LayeredConfiguration.h>
#include <Poco/Util/MapConfiguration.h>
#include <Poco/Util/SystemConfiguration.h>

#include "Loading.h"

namespace oxcache::config {

using oxcache::testing::Folder;
using oxcache::testing::Lines;
using oxcache::testing::Loaded;

namespace {

const std::string kTtl = "oxcache.services.demo.l1.ttl";
const std::string kPrefix = "oxcache.services.demo.";

std::vector<spi::OptionSpec> table() {
    return {{.name = "l1.ttl", .type = spi::OptionType::Duration, .defaultValue = "1"},
            {.name = "path", .type = spi::OptionType::Path, .defaultValue = "default.db"}};
}

}  // namespace

TEST_CASE("EachLayerOutranksTheOnesBelow") {
    const Folder folder;
    Source source;
    source.file = folder.write("oxcache.properties", "other = 1\n");
    source.variables = Variables{};
    const auto ttl = [&] {
        Loaded loaded(source);
        loaded->declare(kPrefix, table());
        CHECK(loaded.problems.empty());
        const auto found = loaded->explain(kTtl);
        return found->value + " " + found->origin.text();
    };
    CHECK(ttl() == "1 default");
    folder.write("oxcache.properties", "\n" + kTtl + " = 2\n");
    CHECK(ttl() == "2 " + source.file + ":2");
    const std::string environment =
        folder.write("environments/development.properties", kTtl + ": 3\n");
    CHECK(ttl() == "3 " + environment + ":1");
    source.variables = Variables{{"OXCACHE__SERVICES__DEMO__L1__TTL", "4"}};
    CHECK(ttl() == "4 environment variable OXCACHE__SERVICES__DEMO__L1__TTL");
    source.settings = {kTtl + "=5"};
    CHECK(ttl() == "5 command line");
}

TEST_CASE("OfOneKeyOnTheCommandLineTheLastCountsAndThePrefixMayBeLeftOut") {
    Source source;
    source.settings = {"services.demo.l1.ttl=5", kTtl + " = 6=6 "};
    Loaded loaded(source);
    CHECK(loaded.text(kTtl) == "6=6");
}

TEST_CASE("ACommandLineSettingWithoutEqualsSignIsAProblem") {
    const Folder folder;
    Source source;
    source.settings = {"services.demo", "=5"};
    CHECK(Loaded(source).lines(folder) ==
          Lines{"command line: '=5' sets nothing; write KEY=VALUE",
                "command line: 'services.demo' sets nothing; write KEY=VALUE"});
}

TEST_CASE("VariablesIgnoreLetterCaseAndKeepSingleUnderscores") {
    Source source;
    source.variables = Variables{{"OXCACHE__SERVICES__MY_SERVICE__L1__TTL", "1"},
                                 {"oxcache__Global__default_ttl", "2"},
                                 {"OXCACHE_SERVICES__X", "not ours"},
                                 {"OXCACHE__SERVICES__TRAIL___L1__TTL", "3"}};
    Loaded loaded(source);
    CHECK(loaded.text("oxcache.services.my_service.l1.ttl") == "1");
    CHECK(loaded.text("oxcache.global.default_ttl") == "2");
    CHECK(loaded.text("oxcache.services.trail_.l1.ttl") == "3");
    CHECK(loaded->explainAll().size() == 3);
}

TEST_CASE("AVariableReachesAKeyThatAFileSpellsInAnotherLetterCase") {
    const Folder folder;
    Source source;
    source.file = folder.write("o.json", R"({"oxcache": {"a": {"bind": {"userId": "text"}}}})");
    folder.write("environments/development.json", R"({"oxcache": {"a": {"orderId": 1}}})");
    source.variables =
        Variables{{"OXCACHE__A__BIND__USERID", "integer"}, {"OXCACHE__A__ORDERID", "2"}};
    Loaded loaded(source);
    CHECK(loaded.text("oxcache.a.bind.userId") == "integer");
    CHECK(loaded.text("oxcache.a.orderId") == "2");
    CHECK(loaded->explainAll().size() == 2);
}

TEST_CASE("TwoVariablesForOneKeyAreAProblem") {
    const Folder folder;
    Source source;
    source.variables = Variables{{"OXCACHE__A", "1"}, {"oxcache__a", "2"}};
    CHECK(Loaded(source).lines(folder) ==
          Lines{"environment variable oxcache__a: oxcache.a: given twice, also as OXCACHE__A; "
                "unset one of the two"});
}

TEST_CASE("AnApplicationsConfigurationIsTheBaseLayer") {
    Poco::AutoPtr<Poco::Util::LayeredConfiguration> application(
        new Poco::Util::LayeredConfiguration);
    application->add(new Poco::Util::SystemConfiguration, 100);
    Poco::AutoPtr<Poco::Util::MapConfiguration> map(new Poco::Util::MapConfiguration);
    map->setString(kTtl, "${env:T}");
    map->setString("data.folder", "/var/data");
    map->setString("oxcache.a", "${data.folder}/a");
    map->setString("oxcache.b", "${system.osName}");
    application->add(map, 0);
    Source source;
    source.application = application;
    source.variables = Variables{{"T", "7"}, {"OXCACHE__C", "8"}};
    Loaded loaded(source);
    CHECK(loaded.text(kTtl) == "7");
    CHECK(loaded->explain(kTtl)->origin.text() == "application");
    CHECK(loaded.text("oxcache.a") == "/var/data/a");
    CHECK(loaded.text("oxcache.c") == "8");
    CHECK(loaded.text("oxcache.b") == "(unset)");
    CHECK(loaded.problems.lines() ==
          Lines{"application: oxcache.b: ${system.osName} is a reference that is not expanded "
                "here; write ${env:NAME}, ${file:PATH} or ${key}"});
    CHECK(loaded->explainAll().size() == 4);
}

TEST_CASE("RelativePathsStartAtTheFolderOfTheFileThatSetsThem") {
    const Folder folder;
    Source source;
    source.file = folder.write("base/oxcache.properties", kPrefix + "other = 1\n");
    source.variables = Variables{};
    const std::string current = std::filesystem::current_path().string() + "/";
    const auto path = [&] {
        Loaded loaded(source);
        loaded->declare(kPrefix, table());
        return loaded.read(kPrefix).text("path");
    };
    CHECK(path() == folder.path("base/default.db"));
    folder.write("base/oxcache.properties", kPrefix + "path = ../up/a.db\n");
    CHECK(path() == folder.path("up/a.db"));
    folder.write("base/environments/development.properties", kPrefix + "path = b.db\n");
    CHECK(path() == folder.path("base/environments/b.db"));
    source.variables = Variables{{"OXCACHE__SERVICES__DEMO__PATH", "c.db"}};
    CHECK(path() == current + "c.db");
    source.settings = {kPrefix + "path=d.db"};
    CHECK(path() == current + "d.db");
    source.settings = {kPrefix + "path=/e.db"};
    CHECK(path() == "/e.db");
    Poco::AutoPtr<Poco::Util::MapConfiguration> map(new Poco::Util::MapConfiguration);
    map->setString(kPrefix + "path", "f.db");
    source = Source{};
    source.application = map;
    CHECK(path() == current + "f.db");
}

TEST_CASE("AReferenceToAPathStartsAtTheFolderThatSetThePath") {
    const Folder folder;
    const std::string file = folder.write("oxcache.properties", "oxcache.state_dir = state\n");
    folder.write("environments/development.properties",
                 kPrefix + "path = ${oxcache.state_dir}/l2.db\n");
    Loaded loaded(file);
    loaded->declare("oxcache.", {{.name = "state_dir", .type = spi::OptionType::Path}});
    loaded->declare(kPrefix, table());
    CHECK(loaded.read(kPrefix).text("path") == folder.path("state/l2.db"));
}

TEST_CASE("PathListsAreResolvedPerElement") {
    const Folder folder;
    Loaded loaded(folder.write("o.properties", "oxcache.plugins.path = plugins, /opt/plugins\n"));
    CHECK(loaded->paths("oxcache.plugins.path", loaded.problems) ==
          Lines{folder.path("plugins"), "/opt/plugins"});
    CHECK(loaded->paths("oxcache.other", loaded.problems).empty());
    CHECK(loaded.problems.empty());
}

TEST_CASE("ItIsAReadOnlyPocoConfiguration") {
    const Folder folder;
    Loaded loaded(folder.write("o.properties",
                               "oxcache.a.b = ${oxcache.c}0\noxcache.c = 4\n"
                               "oxcache.d = ${oxcache.e}\n"));
    Poco::Util::AbstractConfiguration& poco = *loaded.configuration;
    CHECK(poco.getInt("oxcache.a.b") == 40);
    CHECK_FALSE(poco.has("oxcache.a"));
    Poco::Util::AbstractConfiguration::Keys keys;
    poco.keys("oxcache", keys);
    CHECK(keys == Lines{"a", "c", "d"});
    poco.keys(keys);
    CHECK(keys == Lines{"oxcache"});
    CHECK_THROWS_AS(poco.setString("oxcache.c", "5"), Poco::InvalidAccessException);
    CHECK_THROWS_AS(poco.remove("oxcache.c"), Poco::InvalidAccessException);
    CHECK_THROWS_AS(poco.getString("oxcache.d"), Poco::Exception);
}

}  // namespace oxcache::config
