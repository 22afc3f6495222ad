#include "DemoOptions.h"

#include <utility>

#include <doctest/doctest.h>

#include "DemoConfiguration.h"
#include "InputFiles.h"

using namespace oxcache::demo;

namespace {

using Given = std::vector<std::pair<std::string, std::string>>;

DemoOptions optionsOf(const Given& given, const std::vector<std::string>& arguments = {}) {
    DemoOptions options;
    for (const auto& [name, value] : given) options.take(name, value);
    options.takeArguments(arguments);
    options.validate();
    return options;
}

std::string usageProblem(const Given& given, const std::vector<std::string>& arguments = {}) {
    try {
        optionsOf(given, arguments);
        return {};
    } catch (const UsageError& error) {
        return error.what();
    }
}

bool begins(const std::string& text, const std::string& with) {
    CAPTURE(text);
    return text.rfind(with, 0) == 0;
}

const Given kDatabase{{"db", "a.db"}, {"match", "u:{id}"}, {"query", "SELECT 1"}};

}  // namespace

TEST_CASE("WithoutOptionsTheCatalogueIsServed") {
    const DemoOptions options = optionsOf({});
    CHECK(options.ownCatalogue());
    CHECK_FALSE(options.getKey);
    CHECK(options.state == "oxcache-demo.state");
    CHECK_FALSE(options.json);
}

TEST_CASE("OptionsAreTaken") {
    const DemoOptions options = optionsOf({{"requests", "10"},
                                           {"threads", "3"},
                                           {"zipf", "1.25"},
                                           {"seed", "18446744073709551615"},
                                           {"json", ""},
                                           {"set", "a=b"},
                                           {"set", "c=d=e"}});
    CHECK(options.requests == 10);
    CHECK(options.threads == 3);
    CHECK(options.exponent == 1.25);
    CHECK(options.seed == UINT64_MAX);
    CHECK(options.json);
    CHECK(options.settings == std::vector<std::string>{"a=b", "c=d=e"});
}

TEST_CASE("NumbersThatAreNoneAreRefusedWithTheirRange") {
    for (const char* bad : {"0", "-1", "x", "1x", "", " 1", "1.5", "99999999999999999999999"}) {
        CHECK(begins(usageProblem({{"requests", bad}}), "--requests: '"));
        CHECK(begins(usageProblem({{"threads", bad}}), "--threads: '"));
    }
    CHECK(begins(usageProblem({{"threads", "1025"}}), "--threads: '1025' is no number from 1 to"));
    for (const char* bad : {"-0.1", "20.1", "nan", "inf", "x", "", "1,5"})
        CHECK(begins(usageProblem({{"zipf", bad}}), "--zipf: '"));
    CHECK(usageProblem({{"zipf", "0"}}).empty());
}

TEST_CASE("ASettingNeedsAKeyAndAValue") {
    CHECK(begins(usageProblem({{"set", "key"}}), "--set: 'key' is no KEY=VALUE"));
    CHECK(begins(usageProblem({{"set", "=value"}}), "--set:"));
    CHECK(usageProblem({{"set", "key="}}).empty());
}

TEST_CASE("EmptyNamesAreRefused") {
    for (const char* name :
         {"input", "state", "db", "match", "query", "keys", "config", "env", "service"})
        CHECK(
            begins(usageProblem({{name, ""}}), std::string("--") + name + ": the value is empty"));
}

TEST_CASE("TheOnlyCommandIsGetWithOneKey") {
    CHECK(optionsOf({}, {"get", "bash"}).getKey == "bash");
    CHECK(begins(usageProblem({}, {"put"}), "'put' is no command"));
    CHECK(begins(usageProblem({}, {"get"}), "get: which key?"));
    CHECK(begins(usageProblem({}, {"get", "a", "b"}), "get: one key at a time"));
    CHECK(begins(usageProblem({{"requests", "5"}}, {"get", "a"}), "get asks for one key"));
    CHECK(usageProblem({{"keys", "k"}}, {"get", "a"}).empty());
}

TEST_CASE("ADatabaseNeedsPatternQueryAndKeys") {
    CHECK(begins(usageProblem({{"db", "a.db"}}), "--db needs --match PATTERN and --query SQL"));
    CHECK(begins(usageProblem({{"db", "a.db"}, {"match", "u:{id}"}}), "--db needs --match"));
    CHECK(begins(usageProblem(kDatabase), "--db needs --keys FILE"));
    CHECK(usageProblem(kDatabase, {"get", "u:1"}).empty());
    Given whole = kDatabase;
    whole.emplace_back("keys", "k");
    CHECK(usageProblem(whole).empty());
    whole.emplace_back("input", "status");
    CHECK(begins(usageProblem(whole), "--input and --db name two sources"));
    CHECK(begins(usageProblem({{"match", "u:{id}"}}), "--match and --query"));
}

TEST_CASE("KeysAreDrawnOnlyWhenItIsSaidHowMany") {
    CHECK(begins(usageProblem({{"keys", "k"}, {"zipf", "1"}}), "--zipf draws keys"));
    CHECK(usageProblem({{"keys", "k"}, {"zipf", "1"}, {"requests", "9"}}).empty());
}

TEST_CASE("AnEnvironmentNeedsAConfiguration") {
    CHECK(begins(usageProblem({{"env", "staging"}}), "--env lays an environment's file over"));
    CHECK(usageProblem({{"env", "staging"}, {"config", "c.properties"}}).empty());
}

TEST_CASE("TheServiceIsTheOneNamedElseDemoElseTheOnlyOne") {
    const InputFiles folder;
    const auto service = [&](const std::string& text) {
        return serviceOf(optionsOf({{"config", folder.file("c.properties", text)}}));
    };
    CHECK(serviceOf(optionsOf({})) == "demo");
    CHECK(serviceOf(optionsOf({{"service", "x"}})) == "x");
    CHECK(service("oxcache.services.one.ttl = 1\n") == "one");
    CHECK(service("oxcache.services.one.ttl = 1\noxcache.services.demo.ttl = 1\n") == "demo");
    CHECK(service("") == "demo");
    CHECK_THROWS_AS(service("oxcache.services.one.ttl = 1\noxcache.services.two.ttl = 1\n"),
                    UsageError);
    CHECK(serviceOf(optionsOf({{"config", folder.path("absent.properties")}})) == "demo");
    CHECK(serviceOf(optionsOf({{"config", folder.path("")}})) == "demo");
    CHECK(serviceOf(optionsOf(
              {{"config", folder.file("c.json", R"({"oxcache":{"services":{"j":{}}}})")}})) == "j");
    CHECK(serviceOf(optionsOf({{"config", folder.file("c.json", "{")}})) == "demo");
    CHECK(serviceOf(optionsOf(
              {{"config", folder.file("c.xml",
                                      "<config><oxcache><services><x><ttl>1</ttl></x></services>"
                                      "</oxcache></config>")}})) == "x");
}

TEST_CASE("SettingsOfTheCommandLineComeAfterTheDatabases") {
    Given given = kDatabase;
    given.emplace_back("set", "oxcache.services.demo.ttl=5");
    const auto settings = settingsOf(optionsOf(given, {"get", "u:1"}), "demo");
    REQUIRE(settings.size() == 5);
    CHECK(settings[0] == "oxcache.services.demo.fallback.plugin=sqlite");
    CHECK(settings[1].ends_with("/a.db"));
    CHECK(settings[4] == "oxcache.services.demo.ttl=5");
    CHECK(settingsOf(optionsOf({}), "demo").empty());
}

TEST_CASE("L1HoldsAFifthOfTheKeys") {
    const auto capacity = [](std::size_t keys) {
        return defaultConfiguration(optionsOf({}), "/p.db", keys)
            ->getString("oxcache.services.demo.l1.max_capacity");
    };
    CHECK(capacity(1000) == "200");
    CHECK(capacity(1) == "32");
}
