#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>

#include <sqlite3.h>

#include "config/Configuration.h"
#include "oxcache/oxcache.h"
#include "runtime/ServiceOptions.h"
#include "support/TempFolder.h"

namespace oxcache {
namespace {

namespace fs = std::filesystem;
using testing::TempFolder;

void makeDatabase(const std::string& path) {
    sqlite3* db = nullptr;
    REQUIRE(sqlite3_open(path.c_str(), &db) == SQLITE_OK);
    CHECK(sqlite3_exec(db,
                       "CREATE TABLE users (id INTEGER PRIMARY KEY, login TEXT UNIQUE, name TEXT);"
                       "INSERT INTO users VALUES (1, '007', 'James')",
                       nullptr, nullptr, nullptr) == SQLITE_OK);
    sqlite3_close(db);
}

/// The samples in a folder of their own, with the database they expect.
struct Samples {
    Samples() {
        fs::copy(OXCACHE_SAMPLES, folder.path(), fs::copy_options::recursive);
        makeDatabase(folder.file("app.db"));
        ::unsetenv("OXCACHE_ENV");
        ::setenv("APP_DATABASE", folder.file("app.db").c_str(), 1);
    }
    TempFolder folder;
};

/// Every key of a file with its value, in one environment.
std::map<std::string, std::string> valuesOf(const std::string& file,
                                            const std::string& environment) {
    config::Source source;
    source.file = file;
    source.environment = environment;
    source.variables = config::Variables{};
    config::Problems problems;
    const auto configuration = config::Configuration::load(source, problems);
    CHECK(problems.lines().empty());
    std::map<std::string, std::string> values;
    for (const config::Explanation& entry : configuration->explainAll())
        values[entry.key] = entry.value;
    return values;
}

std::string choicesOf(const spi::OptionSpec& spec) {
    std::string text;
    for (const std::string& choice : spec.choices)
        text += (text.empty() ? "`" : ", `") + choice + '`';
    return text;
}

/// A table as config/README.md has it.
std::string markdown(const std::string& title, const std::vector<spi::OptionSpec>& table) {
    static const std::map<spi::OptionType, std::string> kTypes{
        {spi::OptionType::Text, "text"},       {spi::OptionType::Path, "path"},
        {spi::OptionType::Integer, "number"},  {spi::OptionType::Real, "real number"},
        {spi::OptionType::Boolean, "boolean"}, {spi::OptionType::Duration, "duration"},
        {spi::OptionType::Size, "size"},       {spi::OptionType::Choice, "choice"},
        {spi::OptionType::List, "list"}};
    std::string text = "| " + title + " | type | default | meaning |\n|---|---|---|---|\n";
    for (const spi::OptionSpec& spec : table) {
        const std::string choices = choicesOf(spec);
        text += "| `" + spec.name + "` | " + (choices.empty() ? kTypes.at(spec.type) : choices);
        text += " | " + (spec.defaultValue.empty() ? "" : '`' + spec.defaultValue + '`');
        text += " | " + spec.help + " |\n";
    }
    return text;
}

}  // namespace

TEST_CASE("EverySampleServesItsKeysInEveryEnvironment") {
    for (const char* format : {"properties", "json", "xml"}) {
        for (const char* environment : {"", "production"}) {
            CAPTURE(format);
            CAPTURE(environment);
            const Samples samples;
            const auto manager =
                CacheManager::fromFile(samples.folder.file("oxcache." + std::string(format)),
                                       {.environment = environment});
            const Cache cache = manager->cache("my_service");
            CHECK(cache.get<std::string>("user:1") == R"({"id":1,"name":"James"})");
            CHECK(cache.get<std::string>("name-of:007") == "James");
            CHECK_FALSE(cache.get<std::string>("user:2").has_value());
            CHECK(fs::exists(samples.folder.file("state/l2.db")));
        }
    }
}

TEST_CASE("TheSamplesOfAllFormatsSayTheSame") {
    const Samples samples;
    const auto of = [&](const std::string& format) {
        return valuesOf(samples.folder.file("oxcache." + format), "production");
    };
    const auto properties = of("properties");
    CHECK(properties.size() > 15);
    CHECK(of("json") == properties);
    CHECK(of("xml") == properties);
}

TEST_CASE("TheReadmeHasTheCoresOptionTables") {
    std::ifstream stream(OXCACHE_SAMPLES "/README.md");
    const std::string readme{std::istreambuf_iterator<char>(stream), {}};
    const std::string global = markdown("`oxcache.`", runtime::globalOptions());
    const std::string service = markdown("`oxcache.services.<name>.`", runtime::serviceOptions());
    CHECK_MESSAGE(readme.find(global) != std::string::npos, global);
    CHECK_MESSAGE(readme.find(service) != std::string::npos, service);
}

}  // namespace oxcache
