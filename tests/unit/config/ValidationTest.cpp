#include <doctest/doctest.h>

#include <Poco/AutoPtr.h>
#include <Poco/Util/MapConfiguration.h>

#include "Loading.h"
#include "config/Nearest.h"
#include "config/Tables.h"
#include "oxcache/base/Exceptions.h"

namespace oxcache::config {

using oxcache::testing::Folder;
using oxcache::testing::Lines;
using oxcache::testing::Loaded;
using spi::OptionSpec;
using spi::OptionType;

namespace {

std::vector<OptionSpec> serviceTable() {
    return {{.name = "cache_type",
             .type = OptionType::Choice,
             .defaultValue = "two-level",
             .choices = {"l1", "l2", "two-level"}},
            {.name = "l1.max_capacity",
             .type = OptionType::Integer,
             .defaultValue = "10000",
             .least = 1},
            {.name = "l1.ttl", .type = OptionType::Duration, .defaultValue = "60"},
            {.name = "l2.plugin", .defaultValue = "embedded"},
            {.name = "fallback.plugin"}};
}

std::vector<OptionSpec> fallbackTable() {
    return {
        {.name = "path", .type = OptionType::Path, .required = true, .help = "the database"},
        {.name = "password", .secret = true},
        {.name = "routes.*.match", .required = true},
        {.name = "routes.*.query", .required = true},
        {.name = "routes.*.many", .type = OptionType::Boolean, .defaultValue = "yes"},
        {.name = "routes.*.bind.*", .type = OptionType::Choice, .choices = {"text", "integer"}}};
}

/// Declares the tables for every service and checks everything.
void validate(Loaded& loaded) {
    loaded->declare("oxcache.global.", {{.name = "default_ttl", .type = OptionType::Duration}});
    for (const std::string& name : loaded->services(loaded.problems)) {
        const std::string prefix = "oxcache.services." + name + ".";
        loaded->declare(prefix, serviceTable());
        if (loaded->find(prefix + "fallback.plugin"))
            loaded->declare(prefix + "fallback.", fallbackTable());
        loaded.read(prefix);
        loaded.read(prefix + "fallback.");
    }
    loaded.read("oxcache.global.");
    loaded->reportUnknown(loaded.problems);
}

}  // namespace

TEST_CASE("EveryProblemOfARunIsReportedWithItsPlaceAndWhatToDo") {
    const Folder folder;
    Source source = Loaded::fromFile(
        folder.write("oxcache.properties",
                     "oxcache.global.defualt_ttl = 300\n"
                     "oxcache.services.demo.cache_type = both\n"
                     "oxcache.services.demo.l1.max_capacity = 0\n"
                     "oxcache.services.demo.l1.max_entries = 5\n"
                     "oxcache.services.demo.l1.ttl = 60 # a minute\n"
                     "oxcache.services.demo.l1.ttl = 60\n"
                     "oxcache.services.demo.fallback.plugin = sqlite\n"
                     "oxcache.services.demo.fallback.password = ${file:pw}\n"
                     "oxcache.services.demo.fallback.routes.users.match = user:{id}\n"
                     "oxcache.services.demo.fallback.routes.users.quary = SELECT 1\n"
                     "oxcache.services.demo.fallback.routes.users.bind.id = float\n"
                     "oxcache.services.My__Name.l1.ttl = 60\n"
                     "oxcach.services.demo.l1.ttl = 60\n"
                     "logging.level = debug\n"));
    folder.write("environments/test.properties",
                 "\noxcache.services.demo.l1.tll = 5\noxcache.services.demo.l1.ttl = ${cycle}\n"
                 "cycle = ${cycle}\n");
    source.environment = "test";
    source.variables = Variables{{"OXCACHE__SERVICES__DEMO__L1", "5"}};
    source.settings = {"services.demo.l2.pluggin=embedded"};
    Loaded loaded(source);
    validate(loaded);
    const std::string demo = "oxcache.services.demo.";
    CHECK(
        loaded.lines(folder) ==
        Lines{
            "oxcache.properties:1: oxcache.global.defualt_ttl: unknown key; did you mean "
            "oxcache.global.default_ttl?",
            "oxcache.properties:2: " + demo +
                "cache_type: 'both' is not one of the choices; write "
                "l1, l2 or two-level",
            "oxcache.properties:3: " + demo +
                "l1.max_capacity: '0' is out of range; write a value "
                "of at least 1",
            "oxcache.properties:4: " + demo +
                "l1.max_entries: unknown key; remove it (the nearest "
                "known one is oxcache.services.demo.l1.max_capacity)",
            "oxcache.properties:6: " + demo +
                "l1.ttl: given twice, first on line 5; remove one of "
                "the two",
            "oxcache.properties:7: " + demo +
                "fallback.path: is required and missing; set it: the "
                "database",
            "oxcache.properties:8: " + demo +
                "fallback.password: ${file:pw} cannot be read: pw: "
                "No such file or directory; create the file or correct the path",
            "oxcache.properties:9: " + demo +
                "fallback.routes.users.query: is required and "
                "missing; set it",
            "oxcache.properties:10: " + demo +
                "fallback.routes.users.quary: unknown key; did you "
                "mean oxcache.services.demo.fallback.routes.users.query?",
            "oxcache.properties:11: " + demo +
                "fallback.routes.users.bind.id: 'float' is not one "
                "of the choices; write text or integer",
            "oxcache.properties:12: oxcache.services.My__Name: 'My__Name' is no name of a service; "
            "begin with a letter a to z and use letters, digits and single underscores",
            "oxcache.properties:13: oxcach.services.demo.l1.ttl: unknown key; did you mean "
            "oxcache.services.demo.l1.ttl?",
            "environments/test.properties:2: " + demo +
                "l1.tll: unknown key; did you mean "
                "oxcache.services.demo.l1.ttl?",
            "environments/test.properties:4: cycle: the references go in a circle, cycle -> cycle; "
            "give one of these keys a value of its own",
            "environment variable OXCACHE__SERVICES__DEMO__L1: " + demo +
                "l1: unknown key; remove "
                "it (the nearest known one is oxcache.services.demo.l1.ttl)",
            "command line: " + demo +
                "l2.pluggin: unknown key; did you mean "
                "oxcache.services.demo.l2.plugin?"});
}

TEST_CASE("ProblemsAreRaisedTogetherAsOneError") {
    Problems problems;
    problems.raise();
    problems.add({LayerKind::File, "b.json", 0, ""}, "oxcache.x", "wrong; right it");
    problems.add({LayerKind::File, "b.json", 0, ""}, "oxcache.x", "wrong; right it");
    problems.add({LayerKind::Application, "", 0, ""}, "oxcache.y", "wrong; right it");
    try {
        problems.raise();
        FAIL("nothing raised");
    } catch (const ConfigurationError& error) {
        CHECK(error.problems() == Lines{"application: oxcache.y: wrong; right it",
                                        "b.json: oxcache.x: wrong; right it"});
        CHECK(error.displayText().find("b.json: oxcache.x: wrong; right it") != std::string::npos);
    }
}

TEST_CASE("ReadGivesEveryTypeAndTheNamesTheUserChose") {
    const Folder folder;
    Loaded loaded(folder.write("o.properties",
                               "oxcache.services.demo.fallback.plugin = sqlite\n"
                               "oxcache.services.demo.fallback.path = app.db\n"
                               "oxcache.services.demo.fallback.routes.users.match = user:{id}\n"
                               "oxcache.services.demo.fallback.routes.users.query = SELECT 1\n"
                               "oxcache.services.demo.fallback.routes.users.bind.id = text\n"
                               "oxcache.services.demo.fallback.routes.a.match = a:{x}\n"
                               "oxcache.services.demo.fallback.routes.a.query = SELECT 2\n"
                               "oxcache.services.demo.fallback.routes.a.many = off\n"));
    validate(loaded);
    CHECK(loaded.lines(folder) == Lines{});
    const spi::OptionValues service = loaded.read("oxcache.services.demo.");
    CHECK(service.text("cache_type") == "two-level");
    CHECK(service.integer("l1.max_capacity") == 10000);
    CHECK(service.duration("l1.ttl") == Duration(60'000));
    CHECK(service.text("fallback.plugin") == "sqlite");
    const spi::OptionValues fallback = loaded.read("oxcache.services.demo.fallback.");
    CHECK(fallback.text("path") == folder.path("app.db"));
    CHECK_FALSE(fallback.has("password"));
    CHECK(fallback.names("routes") == Lines{"a", "users"});
    CHECK(fallback.names("routes.users.bind") == Lines{"id"});
    CHECK(fallback.boolean("routes.users.many"));
    CHECK_FALSE(fallback.boolean("routes.a.many"));
}

TEST_CASE("TheDefaultStandsInForAWrongValueSoThatTheOthersCanBeChecked") {
    Source source;
    source.settings = {"a=x", "b=5", "c=y"};
    Loaded loaded(source);
    loaded->declare("oxcache.", {{.name = "a", .type = OptionType::Integer, .defaultValue = "1"},
                                 {.name = "b", .type = OptionType::Integer, .required = true},
                                 {.name = "c", .type = OptionType::Integer}});
    const auto read = loaded->read("oxcache.", loaded.problems);
    CHECK(read.complete);
    CHECK(read.values.integer("a") == 1);
    CHECK(read.values.integer("b") == 5);
    CHECK_FALSE(read.values.has("c"));
    CHECK(loaded.problems.lines().size() == 2);
}

TEST_CASE("WithoutARequiredValueWhatWasReadIsIncomplete") {
    for (const char* setting : {"other=1", "a=x", "a="}) {
        Source source;
        source.settings = {setting};
        Loaded loaded(source);
        loaded->declare("oxcache.", {{.name = "a", .type = OptionType::Integer, .required = true}});
        CHECK_FALSE(loaded->read("oxcache.", loaded.problems).complete);
    }
}

TEST_CASE("TwoTablesMayShareAPrefix") {
    Source source;
    source.settings = {"a=1", "b=2"};
    Loaded loaded(source);
    loaded->declare("oxcache.", {{.name = "a", .type = OptionType::Integer}});
    loaded->declare("oxcache.", {{.name = "b", .type = OptionType::Integer}});
    const spi::OptionValues values = loaded.read("oxcache.");
    CHECK(values.integer("a") + values.integer("b") == 3);
}

TEST_CASE("ServicesAreFoundByTheirKeys") {
    const Folder folder;
    Loaded loaded(folder.write("o.json", R"({"oxcache": {"services": {
        "b_2": {"l1": {"ttl": 1}}, "empty": {}, "a": {"l1": {}},
        "_x": {"l1": {"ttl": 1}}, "9": {}}}})"));
    validate(loaded);
    CHECK(loaded->services(loaded.problems) == Lines{"a", "b_2", "empty"});
    CHECK(loaded->groups("oxcache.services.b_2.") == Lines{"l1"});
    const std::string hint =
        " is no name of a service; begin with a letter a to z and use letters, digits and single "
        "underscores";
    CHECK(loaded.lines(folder) == Lines{"o.json:3: oxcache.services.9: '9'" + hint,
                                        "o.json:3: oxcache.services._x: '_x'" + hint});
}

TEST_CASE("AProblemOfOthersIsReportedWhereTheKeyIsSetOrWouldBe") {
    const Folder folder;
    Loaded loaded(folder.write("o.properties",
                               "# nothing\noxcache.services.demo.l2.plugin = redis\n"
                               "oxcache.services.demo.l2.pool = 4\n"));
    loaded->declare("oxcache.services.demo.", serviceTable());
    const auto where = [&](const std::string& key) {
        return loaded->originOf(key).text().substr(folder.path("").size());
    };
    CHECK(where("oxcache.services.demo.l2.plugin") == "o.properties:2");
    CHECK(where("oxcache.services.demo.cache_type") == "o.properties:2");
    CHECK(where("oxcache.services.other.l1.ttl") == "o.properties:2");
    CHECK(where("oxcache.global.default_ttl") == "o.properties");
    // Its table cannot be had: what is set for it is not judged.
    loaded->excuse("oxcache.services.demo.l2.");
    loaded->reportUnknown(loaded.problems);
    CHECK(loaded.problems.empty());
}

TEST_CASE("APluginsFindingsAreReportedAtTheOptionsTheyName") {
    const Folder folder;
    Loaded loaded(folder.write("o.properties",
                               "oxcache.services.demo.fallback.plugin = sqlite\n"
                               "oxcache.services.demo.fallback.path = app.db\n"
                               "oxcache.services.demo.fallback.routes.a.match = a\n"));
    loaded->declare("oxcache.services.demo.fallback.", fallbackTable());
    loaded->reportFindings("routes.a.match: is odd; even it\npath: is gone; bring it\ntoo: bad",
                           "oxcache.services.demo.fallback.",
                           "oxcache.services.demo.fallback.plugin", loaded.problems);
    CHECK(loaded.lines(folder) ==
          Lines{"o.properties:1: oxcache.services.demo.fallback.plugin: too: bad",
                "o.properties:2: oxcache.services.demo.fallback.path: is gone; bring it",
                "o.properties:3: oxcache.services.demo.fallback.routes.a.match: is odd; even it"});
}

TEST_CASE("ExplainSaysWhatCountsAndWhereItIsWritten") {
    const Folder folder;
    Source source = Loaded::fromFile(
        folder.write("o.properties",
                     "oxcache.state_dir = state\noxcache.b = ${oxcache.a}${env:A}\n"
                     "oxcache.a = 1\nforeign = 2\n"));
    source.settings = {"a=3"};
    Loaded loaded(source);
    loaded->declare("oxcache.", {{.name = "state_dir", .type = OptionType::Path},
                                 {.name = "c", .defaultValue = "4"}});
    Lines lines;
    for (const Explanation& entry : loaded->explainAll())
        lines.push_back(entry.key + " = " + entry.value + " (" + toString(entry.origin.layer) +
                        ", " + entry.origin.text() + ")");
    CHECK(lines == Lines{"oxcache.a = 3 (command line, command line)",
                         "oxcache.b = 3${env:A} (file, " + folder.path("o.properties:2") + ")",
                         "oxcache.c = 4 (default, default)",
                         "oxcache.state_dir = " + folder.path("state") + " (file, " +
                             folder.path("o.properties:1") + ")"});
    CHECK_FALSE(loaded->explain("oxcache.none"));
}

TEST_CASE("EditDistanceCountsSwapsAsOne") {
    CHECK(editDistance("", "") == 0);
    CHECK(editDistance("", "abc") == 3);
    CHECK(editDistance("kitten", "sitting") == 3);
    CHECK(editDistance("ab", "ba") == 1);
    CHECK(editDistance("default", "defualt") == 1);
    CHECK(nearest("x", {}).word.empty());
    CHECK(nearest("ttl", {"path", "tll", "ttl2"}).word == "tll");
    CHECK(nearest(std::string(100'000, 'a'), {"oxcache.a"}).word == "oxcache.a");
}

TEST_CASE("StarsStandForTheSegmentsThatAreThere") {
    const OptionSpec match{.name = "routes.*.match"};
    const OptionSpec bind{.name = "routes.*.bind.*"};
    const OptionSpec plain{.name = "path"};
    const std::set<std::string> keys{"p.routes.a.other", "p.routes.b.bind.x", "p.routes.b.bind.y",
                                     "p.routes.c",       "p.routes..d",       "q.routes.e.match"};
    const auto names = [&](const OptionSpec& spec) {
        Lines result;
        for (const Option& option : optionsOf(spec, "p.", keys)) result.push_back(option.name);
        return result;
    };
    CHECK(names(match) == Lines{"routes.a.match", "routes.b.match"});
    CHECK(names(bind) == Lines{"routes.b.bind.x", "routes.b.bind.y"});
    CHECK(names(plain) == Lines{"path"});
    CHECK(likeliestKey("p.routes.*.match", "p.routes.a.mtch") == "p.routes.a.match");
    CHECK(likeliestKey("p.routes.*.match", "p.x") == "p.routes.*.match");
}

}  // namespace oxcache::config
