#include <doctest/doctest.h>

#include <fstream>

#include "oxcache/conformance/Conformance.h"
#include "support/LoadedPlugin.h"

using namespace oxcache;
using namespace oxcache::testing;

namespace {

using Options = std::vector<std::pair<std::string, std::string>>;

const Options kGreetings{{"prefix", "greeting:"}, {"values.hello", "world"}, {"values.empty", ""}};

}  // namespace

TEST_CASE("TheTemplateAnswersFromItsOptions") {
    SystemClock clock;
    const LoadedPlugin plugin(OXCACHE_TEMPLATE_PLUGIN);
    CHECK(plugin.info().name == "template");
    const auto store = plugin.fallback(kGreetings, clock);
    REQUIRE_MESSAGE(store.ok(), store.error().message);
    const Key keys[] = {"greeting:hello", "greeting:bye", "hello"};
    const auto replies = (*store)->load(keys, Deadline::never());
    REQUIRE(replies.size() == 3);
    CHECK(replies[0]->outcome == spi::FallbackOutcome::Found);
    CHECK(replies[0]->value == "world");
    CHECK(replies[1]->outcome == spi::FallbackOutcome::Absent);
    CHECK(replies[2]->outcome == spi::FallbackOutcome::NoRoute);
}

TEST_CASE("TheTemplateRefusesAConfigurationThatAnswersNothing") {
    SystemClock clock;
    const LoadedPlugin plugin(OXCACHE_TEMPLATE_PLUGIN);
    const auto store = plugin.fallback({{"prefix", "greeting:"}}, clock);
    REQUIRE_FALSE(store.ok());
    CHECK(store.error().message == "values: there is none; set values.NAME");
}

TEST_CASE("TheTemplateKeepsThePromisesOfAFallback") {
    SystemClock clock;
    const LoadedPlugin plugin(OXCACHE_TEMPLATE_PLUGIN);
    const conformance::FallbackSubject subject{[&] { return plugin.fallback(kGreetings, clock); },
                                               clock,
                                               {"greeting:hello"},
                                               {"greeting:bye"},
                                               {"hello"}};
    const auto results = conformance::checkFallbackStore(subject);
    INFO(conformance::report(results));
    CHECK(conformance::allPassed(results));
}

TEST_CASE("TheTemplatesReadmeDocumentsItsOptions") {
    const LoadedPlugin plugin(OXCACHE_TEMPLATE_PLUGIN);
    std::ifstream file(OXCACHE_TEMPLATE_README);
    std::vector<std::string> rows;
    for (std::string line; std::getline(file, line);)
        if (line.starts_with("| `")) rows.push_back(line);
    std::vector<std::string> expected;
    for (const spi::OptionSpec& option : plugin.table())
        expected.push_back("| `" + option.name + "` | " + option.defaultValue + " | " +
                           option.help + " |");
    CHECK((rows == expected));
}
