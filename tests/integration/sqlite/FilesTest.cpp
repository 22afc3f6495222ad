#include <filesystem>

#include "Fixture.h"

using namespace oxcache;
using namespace oxcache::testing;

namespace {

namespace fs = std::filesystem;

bool says(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

/// Puts another database in the place of the fixture's, by rename as careful programs do.
void replace(const Fixture& f, const std::string& sql) {
    const std::string next = f.folder.file("next.db");
    Writer(next).run(sql);
    fs::rename(next, f.path);
}

}  // namespace

TEST_CASE("ChangesOfTheDatabaseAreSeenAtOnce") {
    Fixture f;
    const auto store = f.open(f.users());
    CHECK(get(*store, "user:1") == "ada");
    Writer(f.path).run("UPDATE users SET name = 'eve' WHERE id = 1");
    CHECK(get(*store, "user:1") == "eve");
}

TEST_CASE("AWalDatabaseIsReadWhileItIsWritten") {
    Fixture f;
    const Writer writer(f.path);
    writer.run("PRAGMA journal_mode = wal");
    const auto store = f.open(f.users());
    writer.run("BEGIN IMMEDIATE; UPDATE users SET name = 'eve' WHERE id = 1");
    CHECK(get(*store, "user:1") == "ada");
    writer.run("COMMIT");
    CHECK(get(*store, "user:1") == "eve");
}

TEST_CASE("AFileThatDisappearsIsUnavailableUntilItReturns") {
    Fixture f;
    const auto store = f.open(f.users());
    CHECK(get(*store, "user:1") == "ada");
    fs::rename(f.path, f.folder.file("away.db"));
    CHECK(says(get(*store, "user:1"), "Unavailable: '" + f.path + "' does not exist"));
    CHECK(getAll(*store, {"user:1", "other"})[1] == "(no route)");
    CHECK(ping(*store).starts_with("Unavailable"));
    CHECK_FALSE(fs::exists(f.path));
    fs::rename(f.folder.file("away.db"), f.path);
    CHECK(get(*store, "user:1") == "ada");
    CHECK(ping(*store).empty());
}

TEST_CASE("AFileThatIsReplacedIsOpenedAnew") {
    Fixture f;
    const auto store = f.open(f.users());
    CHECK(get(*store, "user:1") == "ada");
    replace(f,
            "CREATE TABLE users(id INTEGER PRIMARY KEY, name TEXT);"
            "INSERT INTO users VALUES(1, 'zoe')");
    CHECK(get(*store, "user:1") == "zoe");
    replace(f, "CREATE TABLE users(id INTEGER PRIMARY KEY, name TEXT)");
    CHECK(get(*store, "user:1") == "(absent)");
}

TEST_CASE("AFileThatIsReplacedByRubbishIsUnavailable") {
    Fixture f;
    const auto store = f.open(f.users());
    CHECK(get(*store, "user:1") == "ada");
    fs::rename(written(f.folder.file("rubbish"), std::string(5000, 'x')), f.path);
    CHECK(says(get(*store, "user:1"), "Unavailable: route users: file is not a database"));
    CHECK(getAll(*store, {"user:1", "user:2"})[1].starts_with("Unavailable"));
}

TEST_CASE("ATruncatedFileIsUnavailable") {
    Fixture f;
    const auto store = f.open(f.users());
    CHECK(get(*store, "user:1") == "ada");
    fs::resize_file(f.path, 100);
    CHECK(get(*store, "user:1").starts_with("Unavailable: route users: "));
}

TEST_CASE("ATransactionThatAWriterLeftHalfDoneIsNotReadOver") {
    Fixture f;
    const std::string left = f.folder.file("left.db");
    const Writer writer(f.path);
    // What a killed writer leaves: changed pages in the file, the old ones in its journal.
    writer.run(
        "PRAGMA cache_size = 1; PRAGMA cache_spill = 1; BEGIN IMMEDIATE;"
        "WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) "
        "INSERT INTO users SELECT i, 'n' || i, NULL, 1 FROM n");
    fs::copy_file(f.path, left);
    fs::copy_file(f.path + "-journal", left + "-journal");
    writer.run("ROLLBACK");
    Options options = f.users();
    options[0].second = left;
    CHECK(says(f.refusal(options),
               "a writer ended in the middle of a transaction, which only a "
               "writer can undo; open the database once with a program"));
    Writer(left).run("SELECT * FROM users");
    CHECK(get(*f.open(options), "user:1") == "ada");
}

TEST_CASE("ASchemaChangeThatBreaksARouteIsUnavailableUntilItIsMended") {
    Fixture f;
    Options options = f.users("SELECT mail FROM users WHERE id = :id");
    options.emplace_back("routes.names.match", "name:{id}");
    options.emplace_back("routes.names.query", "SELECT name FROM users WHERE id = :id");
    const auto store = f.open(options);
    CHECK(getAll(*store, {"user:1", "user:2", "name:1"}) == Texts{"ada@x", "(absent)", "ada"});
    CHECK(get(*store, "user:1") == "ada@x");
    const Writer writer(f.path);
    writer.run("ALTER TABLE users RENAME COLUMN mail TO email");
    CHECK(says(get(*store, "user:1"), "Unavailable: route users: no such column: mail"));
    const Texts texts = getAll(*store, {"user:1", "name:2", "user:2"});
    CHECK(says(texts[0], "no such column: mail"));
    CHECK(texts[1] == "bob");
    CHECK(says(texts[2], "no such column: mail"));
    writer.run("ALTER TABLE users RENAME COLUMN email TO mail");
    CHECK(getAll(*store, {"user:1", "user:2"}) == Texts{"ada@x", "(absent)"});
    CHECK(get(*store, "user:1") == "ada@x");
}

TEST_CASE("ColumnsThatJoinATableJoinItsObjects") {
    Fixture f;
    const auto store = f.open(f.users("SELECT * FROM users WHERE id = :id"));
    CHECK(get(*store, "user:1") == R"({"id":1,"name":"ada","mail":"ada@x","age":36})");
    CHECK(getAll(*store, {"user:1", "user:1"})[0] == get(*store, "user:1"));
    Writer(f.path).run("ALTER TABLE users ADD COLUMN town TEXT DEFAULT 'Ulm'");
    const std::string wider = R"({"id":1,"name":"ada","mail":"ada@x","age":36,"town":"Ulm"})";
    CHECK(get(*store, "user:1") == wider);
    CHECK(getAll(*store, {"user:1", "user:1"}) == Texts{wider, wider});
}

TEST_CASE("AQueryThatFailsForOneKeyFailsForThatKeyOnly") {
    Fixture f;
    const auto store = f.open(f.users("SELECT json_extract(:id, '$')"));
    const Texts texts = getAll(*store, {"user:[1]", "user:x", "user:[2]"});
    CHECK(texts[0] == "[1]");
    CHECK(says(texts[1], "Unavailable: route users: malformed JSON"));
    CHECK(texts[2] == "[2]");
}
