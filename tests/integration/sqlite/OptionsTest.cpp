#include <filesystem>
#include <fstream>
#include <sstream>

#include "Fixture.h"

using namespace oxcache;
using namespace oxcache::testing;

namespace {

bool says(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("ThePluginSaysWhoItIs") {
    const Fixture f;
    CHECK(f.plugin.info().name == "sqlite");
    CHECK(f.plugin.info().kind == "fallback");
    CHECK_FALSE(f.plugin.info().version.empty());
}

TEST_CASE("AMissingFileIsRefusedAndNotCreated") {
    Fixture f;
    Options options = f.users();
    options[0].second = f.folder.file("none.db");
    CHECK(f.refusal(options) == "path: '" + f.folder.file("none.db") +
                                    "' does not exist; create the database first, or correct the "
                                    "path");
    CHECK_FALSE(std::filesystem::exists(f.folder.file("none.db")));
}

TEST_CASE("WhatIsNoDatabaseIsRefused") {
    Fixture f;
    Options options = f.users();
    options[0].second = f.folder.path();
    CHECK(says(f.refusal(options), "is no regular file; name the database's file"));
    options[0].second = written(f.folder.file("text.db"), std::string(5000, 'x'));
    CHECK(says(f.refusal(options), "cannot be read: file is not a database"));
    options[0].second = written(f.folder.file("empty.db"), "");
    CHECK(says(f.refusal(options), "routes.users.query: no such table: users"));
}

TEST_CASE("TheFileIsOpenedForReadingOnlyWhateverItsNameHolds") {
    Fixture f;
    for (const char* name : {"a b.db", "a?mode=rwc.db", "a#b.db", "100%.db", "%41.db", "a&b=c.db",
                             "\xC3\xBC.db", "a'b\"c.db", "\xff.db", ":memory:", "file:x.db"}) {
        CAPTURE(name);
        std::filesystem::copy_file(f.path, f.folder.file(name));
        Options options = f.users();
        options[0].second = f.folder.file(name);
        CHECK(get(*f.open(options), "user:1") == "ada");
    }
    for (const auto& file : std::filesystem::directory_iterator(f.folder.path()))
        CHECK(std::filesystem::file_size(file) == std::filesystem::file_size(f.path));
}

TEST_CASE("QueriesThatDoMoreThanReadAreRefused") {
    Fixture f;
    const auto refusal = [&](const std::string& query) { return f.refusal(f.users(query)); };
    CHECK(says(refusal("DELETE FROM users WHERE id = :id"),
               "it begins with 'DELETE', but a route "
               "only reads; write a SELECT"));
    CHECK(says(refusal("PRAGMA user_version = 7"), "it begins with 'PRAGMA'"));
    CHECK(says(refusal("ATTACH 'x' AS :id"), "it begins with 'ATTACH'"));
    CHECK(says(refusal("BEGIN"), "it begins with 'BEGIN'"));
    CHECK(says(refusal("WITH x AS (SELECT :id AS i) DELETE FROM users WHERE id IN x"),
               "it would change the database, but a route only reads"));
    CHECK(says(refusal("WITH x AS (SELECT :id AS i) UPDATE users SET age = 1 RETURNING id"),
               "it would change the database"));
    CHECK(says(refusal("SELECT :id; DELETE FROM users"), "more than one statement"));
    CHECK(says(refusal("SELECT :id; SELECT :id"), "more than one statement"));
    CHECK(says(refusal("SELECT :id; nonsense"), "more than one statement"));
    CHECK(says(refusal("  -- nothing\n"), "the query is empty; write a SELECT"));
    CHECK(get(*f.open(f.users("SELECT :id; -- one\n/* still one */ ;")), "user:7") == "7");
}

TEST_CASE("EveryPlaceholderIsAParameterAndEveryParameterAPlaceholder") {
    Fixture f;
    const auto refusal = [&](const std::string& query) { return f.refusal(f.users(query)); };
    CHECK(says(refusal("SELECT name FROM users WHERE id = :idd"),
               "routes.users.query: the parameter :idd is no placeholder of match 'user:{id}' (it "
               "has {id}); use one of them, or add {idd} to match"));
    CHECK(says(refusal("SELECT name FROM users"),
               "routes.users.query: the placeholder {id} of match is not used"));
    for (const char* parameter : {"?", "?1", "@id", "$id"}) {
        CAPTURE(parameter);
        CHECK(says(refusal("SELECT :id, " + std::string(parameter)),
                   "has no name of a placeholder; write :name"));
    }
    CHECK(says(refusal("SELECT ':id', \":id\", [:id], `:id` /* :id */ -- :id"), "is not used"));
}

TEST_CASE("MatchesThatCannotWorkAreRefused") {
    Fixture f;
    Options options = f.users();
    const auto refusal = [&](const std::string& match) {
        options[1].second = match;
        return f.refusal(options);
    };
    CHECK(says(refusal("user:{id"), "routes.users.match: key template 'user:{id', character 6"));
    CHECK(says(refusal("user:{}"), "routes.users.match: its placeholders have no names"));
    CHECK(says(refusal("user:{0}"), "write {name} and :name"));
    CHECK(says(refusal("{id}{x}"), "put a literal between them"));
}

TEST_CASE("BindingsThatNameNothingAreRefused") {
    Fixture f;
    Options options = f.users();
    options.emplace_back("routes.users.bind.name", "text");
    CHECK(says(f.refusal(options),
               "routes.users.bind.name: match has no placeholder {name} (it has {id})"));
    options.back() = {"routes.users.bind.id", "number"};
    CHECK(says(f.refusal(options), "number"));
}

TEST_CASE("SqlThatTheDatabaseDoesNotUnderstandIsRefusedInItsWords") {
    Fixture f;
    CHECK(f.refusal(f.users("SELECT name FROM userz WHERE id = :id")) ==
          "routes.users.query: no such table: userz (SQLite code 1); correct the query, or the "
          "database's tables");
    CHECK(says(f.refusal(f.users("SELECT nam FROM users WHERE id = :id")), "no such column: nam"));
    CHECK(says(f.refusal(f.users("SELECT FROM :id")), "syntax error"));
    CHECK(says(f.refusal(f.users("SELECT id, name AS id FROM users WHERE id = :id")),
               "two columns are called id; name them apart with AS"));
}

TEST_CASE("EveryProblemIsReportedInOneRun") {
    Fixture f;
    const std::string text = f.refusal({{"path", f.path},
                                        {"routes.a.match", "a:{x"},
                                        {"routes.a.query", "SELECT 1"},
                                        {"routes.b.match", "b:{x}"},
                                        {"routes.b.query", "SELECT :y"},
                                        {"routes.b.bind.z", "text"},
                                        {"routes.c.match", "c:{x}"},
                                        {"routes.c.query", "SELECT :x FROM nowhere"},
                                        {"routes.d.match", "d:{x}"},
                                        {"routes.d.query", "SELECT :x"}});
    std::istringstream lines(text);
    Texts keys;
    for (std::string line; std::getline(lines, line);) {
        keys.push_back(line.substr(0, line.find(':')));
        CHECK(says(line, "; "));
    }
    CHECK(keys == Texts{"routes.a.match", "routes.b.query", "routes.b.query", "routes.b.bind.z",
                        "routes.c.query"});
}

TEST_CASE("WithoutRoutesNothingIsOpened") {
    Fixture f;
    CHECK(says(f.refusal({{"path", f.path}}), "routes: there is none"));
}

TEST_CASE("IncompleteRoutesAreRefusedByTheConfiguration") {
    Fixture f;
    CHECK(says(f.refusal({{"path", f.path}, {"routes.a.match", "a:{x}"}}), "routes.a.query"));
    CHECK(says(f.refusal({{"routes.a.match", "a"}, {"routes.a.query", "SELECT 1"}}), "path"));
    Options options = f.users();
    options.emplace_back("sessions", "0");
    CHECK(says(f.refusal(options), "sessions"));
    options.back() = {"session", "1"};
    CHECK(says(f.refusal(options), "sessions"));
}

TEST_CASE("TheReadmeDocumentsTheOptionTable") {
    const Fixture f;
    std::ifstream file(OXCACHE_SQLITE_README);
    Texts rows;
    for (std::string line; std::getline(file, line);)
        if (line.starts_with("| `")) rows.push_back(line);
    Texts expected;
    for (const spi::OptionSpec& option : f.plugin.table()) {
        const std::string standard =
            option.defaultValue.empty() ? "" : "`" + option.defaultValue + "`";
        expected.push_back("| `" + option.name + "` | " +
                           (option.required ? "required" : standard) + " | " + option.help + " |");
    }
    CHECK(rows == expected);
}
