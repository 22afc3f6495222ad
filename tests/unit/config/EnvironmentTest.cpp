#include <doctest/doctest.h>

#include <Poco/AutoPtr.h>
#include <Poco/Util/MapConfiguration.h>

#include "Loading.h"

namespace oxcache::config {

using oxcache::testing::Folder;
using oxcache::testing::Lines;
using oxcache::testing::Loaded;

namespace {

/// A base file with files for development, staging and production.
struct Deployment {
    Deployment() {
        source.file = folder.write("oxcache.properties", "oxcache.name = base\n");
        source.variables = Variables{};
        for (const char* name : {"development", "staging", "production"})
            folder.write("environments/" + std::string(name) + ".properties",
                         "oxcache.name = " + std::string(name) + "\n");
    }
    Loaded load() const { return Loaded(source); }

    Folder folder;
    Source source;
};

}  // namespace

TEST_CASE("TheEnvironmentIsChosenInAFixedOrder") {
    Deployment made;
    CHECK(made.load()->environment() == "development");
    CHECK(made.load().text("oxcache.name") == "development");

    made.folder.write("oxcache.properties", "oxcache.state_dir = state\n");
    CHECK(made.load()->environment() == "development");
    made.folder.write("state/environment", "staging\n");
    CHECK(made.load()->environment() == "staging");
    CHECK(made.load().text("oxcache.name") == "staging");

    made.source.variables = Variables{{"OXCACHE_ENV", " production "}};
    CHECK(made.load().text("oxcache.name") == "production");
    made.source.variables = Variables{{"OXCACHE_ENV", ""}};
    CHECK(made.load().text("oxcache.name") == "staging");

    made.source.variables = Variables{{"OXCACHE_ENV", "production"}};
    made.source.environment = "staging";
    CHECK(made.load().text("oxcache.name") == "staging");
    CHECK(made.load().problems.empty());
}

TEST_CASE("TheStateFolderMayComeFromAVariableOrTheCommandLine") {
    Deployment made;
    made.folder.write("a/environment", "staging");
    made.folder.write("b/environment", "production");
    made.source.variables = Variables{{"OXCACHE__STATE_DIR", made.folder.path("a")}};
    CHECK(made.load()->environment() == "staging");
    made.source.settings = {"state_dir=" + made.folder.path("b")};
    CHECK(made.load()->environment() == "production");
    made.folder.write("oxcache.properties", "oxcache.state_dir = ${env:WHERE}\n");
    made.source.settings.clear();
    made.source.variables = Variables{{"WHERE", "a"}};
    CHECK(made.load()->environment() == "staging");
}

TEST_CASE("AMissingEnvironmentFileIsAProblemOnlyWhenChosen") {
    Deployment made;
    std::filesystem::remove(made.folder.path("environments/development.properties"));
    CHECK(made.load().problems.empty());
    CHECK(made.load().text("oxcache.name") == "base");

    made.source.variables = Variables{{"OXCACHE_ENV", "prod"}};
    CHECK(made.load().lines(made.folder) ==
          Lines{"environments/prod.properties: no such file, but environment 'prod' was chosen by "
                "OXCACHE_ENV; create the file or choose one of: production, staging"});
    made.source.environment = "development";
    CHECK(made.load().lines(made.folder) ==
          Lines{"environments/development.properties: no such file, but environment 'development' "
                "was chosen explicitly; create the file or choose one of: production, staging"});
    made.source.environment.clear();
    made.source.variables = Variables{};
    made.folder.write("oxcache.properties", "oxcache.state_dir = state\n");
    made.folder.write("state/environment", "gone");
    std::filesystem::remove_all(made.folder.path("environments"));
    CHECK(made.load().lines(made.folder) ==
          Lines{"environments/gone.properties: no such file, but environment 'gone' was chosen by "
                "state/environment; create the file"});
}

TEST_CASE("TheNameOfAnEnvironmentCannotLeaveItsFolder") {
    Deployment made;
    const std::string hint =
        " is no name of an environment; use letters, digits, hyphens and underscores";
    made.source.environment = "../oxcache";
    CHECK(made.load().lines(made.folder) == Lines{"command line: '../oxcache'" + hint});
    made.source.environment.clear();
    made.source.variables = Variables{{"OXCACHE_ENV", "a b"}};
    CHECK(made.load().lines(made.folder) ==
          Lines{"environment variable OXCACHE_ENV: 'a b'" + hint});
    made.source.variables = Variables{};
    made.folder.write("oxcache.properties", "oxcache.state_dir = state\n");
    made.folder.write("state/environment", "");
    CHECK(made.load().lines(made.folder) == Lines{"state/environment: ''" + hint});
    std::filesystem::remove(made.folder.path("state/environment"));
    std::filesystem::create_directories(made.folder.path("state/environment"));
    CHECK(made.load().lines(made.folder) ==
          Lines{"state/environment: cannot be read: Not a regular file; correct or remove it"});
}

TEST_CASE("AnEnvironmentFileMayNotSayWhereTheStateLies") {
    Deployment made;
    made.folder.write("environments/development.properties",
                      "oxcache.name = x\noxcache.state_dir = elsewhere\n");
    Loaded loaded = made.load();
    CHECK(loaded.lines(made.folder) ==
          Lines{"environments/development.properties:2: oxcache.state_dir: may not be set in an "
                "environment file; set it in oxcache.properties"});
    CHECK(loaded.text("oxcache.state_dir") == "(unset)");
    CHECK(loaded.text("oxcache.name") == "x");
}

TEST_CASE("TheEnvironmentFileHasTheFormatOfTheBase") {
    const Folder folder;
    Source source = Loaded::fromFile(folder.write("conf/my.JSON", R"({"oxcache": {"a": 1}})"));
    folder.write("conf/environments/test.JSON", R"({"oxcache": {"a": 2}})");
    source.environment = "test";
    Loaded loaded(source);
    CHECK(loaded.text("oxcache.a") == "2");
    CHECK(loaded.problems.empty());
}

TEST_CASE("AnApplicationsConfigurationHasNoEnvironmentFile") {
    Poco::AutoPtr<Poco::Util::MapConfiguration> map(new Poco::Util::MapConfiguration);
    map->setString("oxcache.a", "1");
    Source source;
    source.application = map;
    source.environment = "production";
    Loaded loaded(source);
    CHECK(loaded->environment() == "production");
    CHECK(loaded.problems.empty());
}

}  // namespace oxcache::config
