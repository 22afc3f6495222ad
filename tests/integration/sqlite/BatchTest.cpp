#include <atomic>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "Fixture.h"

using namespace oxcache;
using namespace oxcache::testing;

namespace {

/// Loads the keys together and alone, which must agree; gives how many statements the first took.
std::uint64_t statementsFor(spi::FallbackStore& store, const Texts& keys) {
    const std::uint64_t before = store.queries();
    const Texts together = getAll(store, keys);
    const std::uint64_t statements = store.queries() - before;
    Texts alone;
    for (const std::string& key : keys) alone.push_back(get(store, key));
    CHECK(together == alone);
    return statements;
}

const Texts kKeys{"user:1", "user:2", "user:3", "user:x", "user:2", "user:01", "user:1"};

}  // namespace

TEST_CASE("ManyKeysOfARouteTakeOneStatement") {
    Fixture f;
    const auto one = [&](const std::string& query) {
        CAPTURE(query);
        CHECK(statementsFor(*f.open(f.users(query)), kKeys) == 1);
    };
    one("SELECT name FROM users WHERE id = :id");
    one("select * from users where id == :id;");
    one("SELECT u.*, age + 1 AS older FROM users AS u WHERE u.id = :id");
    one("SELECT lower(name), json_object('a', age, 'b', mail) AS j FROM users u WHERE id=:id");
    one("SELECT name -- who\nFROM users /* all */ WHERE id = :id -- this one");
    one("SELECT name FROM users WHERE age > 36 AND id = :id AND mail IS NULL");
    one("SELECT \"name\" FROM \"users\" WHERE [id] = :id");
    one("SELECT name FROM users WHERE id = :id LIMIT 1");
    one("SELECT name, age * 2 FROM users WHERE (age = 36 AND name LIKE 'a%') AND id = :id");
}

TEST_CASE("AUniqueIndexDoesAsWellAsThePrimaryKey") {
    Fixture f;
    const Writer writer(f.path);
    writer.run(
        "CREATE TABLE rooms(house TEXT, number INT, beds INT, PRIMARY KEY(house, number));"
        "INSERT INTO rooms VALUES('a', 1, 10), ('a', 2, 20), ('b', 1, 30), ('2', 7, 40)");
    const auto store = f.open(
        {{"path", f.path},
         {"routes.room.match", "room:{house}/{number}"},
         {"routes.room.query", "SELECT beds FROM rooms WHERE number = :number AND house = :house"},
         {"routes.user.match", "name:{name}"},
         {"routes.user.query", "SELECT id FROM users WHERE name = :name"}});
    const Texts keys{"room:a/1", "name:ada", "room:b/1", "room:2/7",
                     "name:eve", "room:b/2", "name:bob"};
    CHECK(getAll(*store, keys) == Texts{"10", "1", "30", "40", "(absent)", "(absent)", "2"});
    CHECK(statementsFor(*store, keys) == 2);
}

TEST_CASE("WhereAJoinToKeysCouldDifferEachKeyTakesItsStatement") {
    Fixture f;
    Writer(f.path).run(
        "CREATE TABLE marks(user INT, mark INT);"
        "CREATE UNIQUE INDEX some_marks ON marks(user) WHERE mark > 5;"
        "CREATE UNIQUE INDEX odd_marks ON marks(user, abs(mark));"
        "INSERT INTO marks VALUES(1, 3), (1, 4), (2, 5);"
        "CREATE VIEW old AS SELECT * FROM users WHERE age > 40");
    const auto each = [&](const std::string& query) {
        CAPTURE(query);
        CHECK(statementsFor(*f.open(f.users(query)), kKeys) == kKeys.size());
    };
    each("SELECT count(*) FROM users WHERE id = :id");
    each("SELECT max(age) FROM users WHERE id = :id");
    each("SELECT group_concat(name) FROM users WHERE id = :id");
    each("SELECT row_number() OVER () FROM users WHERE id = :id");
    each("SELECT DISTINCT name FROM users WHERE id = :id");
    each("SELECT name FROM users WHERE id = :id OR age = 36");
    each("SELECT name FROM users WHERE NOT id = :id");
    each("SELECT name FROM users WHERE id = :id COLLATE NOCASE");
    each("SELECT name FROM users WHERE id BETWEEN 1 AND id = :id");
    each("SELECT name FROM users WHERE age = 36 = id AND id = :id + 1");
    each("SELECT name FROM users WHERE id = :id GROUP BY age");
    each("SELECT name FROM users WHERE id = :id LIMIT 0");
    each("SELECT name FROM users WHERE id = :id LIMIT 1 OFFSET 1");
    each("SELECT name FROM users WHERE age = :id LIMIT 1");
    each("SELECT name FROM users WHERE id = :id ORDER BY age");
    each("SELECT name FROM users WHERE id = :id UNION ALL SELECT 'x'");
    each("SELECT name, :id FROM users WHERE id = :id");
    each("SELECT name FROM users WHERE age = :id");
    each("SELECT mark FROM marks WHERE user = :id");
    each("SELECT name FROM old WHERE id = :id");
    each("SELECT rowid FROM users WHERE rowid = :id");
    each("SELECT name FROM users JOIN marks ON user = id WHERE id = :id");
    each("SELECT name FROM (SELECT * FROM users) WHERE id = :id");
    each("SELECT (SELECT mark FROM marks WHERE user = users.id) FROM users WHERE id = :id");
    each("SELECT oxcache_0 FROM (SELECT 7 AS oxcache_0) WHERE :id = :id");
    each("WITH one AS (SELECT * FROM users) SELECT name FROM one WHERE id = :id");
    each("VALUES (:id)");
}

TEST_CASE("AColumnsOwnComparisonDecidesInBothForms") {
    Fixture f;
    Writer(f.path).run(
        "CREATE TABLE t(nocase TEXT COLLATE NOCASE UNIQUE, number NUMERIC UNIQUE, bare UNIQUE,"
        " real REAL UNIQUE, blob BLOB UNIQUE, i INT UNIQUE, v TEXT);"
        "INSERT INTO t VALUES('Ada', '12', '12', 12, '12', '12', 'text'),"
        " ('7', 7, 7, 7, 7, 7, 'number'), ('eins', 'x', x'78', 0.5, x'78', 'x', 'blob')");
    const Texts keys{"user:Ada", "user:ADA", "user:12", "user:7", "user:07", "user:7.0",
                     "user:x",   "user:0.5", "user:.5", "user:",  "user:1e1"};
    for (const std::string binding : {"auto", "text"}) {
        for (const std::string column : {"nocase", "number", "bare", "real", "blob", "i"}) {
            CAPTURE(binding);
            CAPTURE(column);
            Options options = f.users("SELECT v, " + column + " FROM t WHERE " + column + " = :id");
            options.emplace_back("routes.users.bind.id", binding);
            CHECK(statementsFor(*f.open(options), keys) == 1);
        }
    }
}

TEST_CASE("WhateverTheQueryABatchGivesWhatItsKeysGiveAlone") {
    Fixture f;
    Writer(f.path).run(
        "CREATE TABLE t(id INT UNIQUE, name TEXT COLLATE NOCASE, a, \"or\" TEXT);"
        "INSERT INTO t VALUES(1, 'Ada', 36, 'x'), (2, 'BOB', NULL, 'y'),"
        " (3, 'ada', 1, NULL), (NULL, 'bob', '1', 'x')");
    const Texts results{"name",
                        "*",
                        "id, name",
                        "t.*, 1 AS one",
                        "a, \"or\"",
                        "lower(name) AS l",
                        "max(a)",
                        "count(*)",
                        "abs(a) * 2",
                        ":id",
                        "typeof(id), 'from', \"or\""};
    const Texts sources{"t", "t AS t", "\"t\" t", "t, users", "(SELECT * FROM t) t"};
    const Texts terms{"id = :id",
                      "t.id == :id",
                      "name = :id",
                      "a = :id",
                      ":id = t.id",
                      "t.id = :id COLLATE NOCASE",
                      "a > 1",
                      "name LIKE 'a%'",
                      "\"or\" = 'x'",
                      "a IS NOT NULL",
                      "t.id BETWEEN 1 AND 2",
                      "(a = 36 OR name = 'BOB')",
                      "t.id IN (1, :id)",
                      "NOT t.id = :id",
                      "coalesce(a, 0) < 40",
                      "t.id = :id + 0"};
    const Texts joints{" AND ", " AND ", " AND ", " OR ", " AND NOT "};
    const Texts ends{"", "", "", " LIMIT 1", ";", " ORDER BY name", " GROUP BY name", " -- end"};
    std::mt19937 random(7);
    const auto any = [&](const Texts& texts) { return texts[random() % texts.size()]; };
    std::map<bool, int> opened;
    std::map<bool, int> joined;
    for (int round = 0; round < 1200; ++round) {
        std::string query =
            "SELECT " + any(results) + " FROM " + any(sources) + " WHERE " + any(terms);
        for (std::size_t more = random() % 3; more > 0; --more) query += any(joints) + any(terms);
        query += any(ends);
        CAPTURE(query);
        const auto store = f.plugin.fallback(f.users(query), f.clock);
        ++opened[store.ok()];
        if (store.ok()) ++joined[statementsFor(**store, kKeys) == 1];
    }
    // Neither answer may be a matter of luck.
    CHECK(opened[true] > 400);
    CHECK(joined[true] > 20);
    CHECK(joined[false] > 400);
}

TEST_CASE("RubbishInsteadOfAQueryIsRefusedOrHarmless") {
    Fixture f;
    const std::string sound =
        "SELECT name, 'it''s' AS [x] FROM \"users\" /* c */ WHERE id = :id -- e";
    constexpr char kSigns[] = "'\"`[]()/*-:;?@$ \n\0a1.,=|<>\xff";
    const std::string alphabet(kSigns, sizeof kSigns - 1);
    std::mt19937 random(11);
    int refused = 0;
    for (int round = 0; round < 1000; ++round) {
        std::string query = sound;
        for (std::size_t edits = 1 + random() % 3; edits > 0; --edits) {
            const std::size_t at = random() % query.size();
            const char c = alphabet[random() % alphabet.size()];
            if (random() % 3 == 0)
                query.erase(at, 1 + random() % 5);
            else
                query.insert(at, 1, c);
        }
        CAPTURE(query);
        const auto store = f.plugin.fallback(f.users(query), f.clock);
        refused += !store.ok();
        if (store.ok()) statementsFor(**store, kKeys);
    }
    CHECK(refused > 300);
    CHECK(refused < 1000);
}

TEST_CASE("AnyNumberOfKeysIsAnswered") {
    Fixture f;
    Writer(f.path).run(
        "WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < "
        "2000) INSERT INTO users SELECT i, 'n' || i, NULL, 1 FROM n");
    const auto store = f.open(f.users());
    for (const std::size_t size : {0U, 1U, 2U, 3U, 4U, 5U, 31U, 33U, 511U, 512U, 513U, 2000U}) {
        CAPTURE(size);
        Texts keys;
        for (std::size_t i = 0; i < size; ++i)
            keys.push_back("user:" + std::to_string(i * 7 % 2100));
        CHECK(statementsFor(*store, keys) == (size + 511) / 512);
    }
}

TEST_CASE("ABatchSeesTheDatabaseAtOneMoment") {
    Fixture f;
    // Two routes and a statement per key, and between them a writer that changes every row.
    const Writer writer(f.path);
    writer.run("PRAGMA journal_mode = wal; UPDATE users SET age = 0");
    Options options = f.users("SELECT age FROM users WHERE id = :id ORDER BY id");
    options.emplace_back("routes.other.match", "other:{id}");
    options.emplace_back("routes.other.query", "SELECT age FROM users WHERE id = :id");
    const auto store = f.open(options);
    std::atomic<bool> stop{false};
    std::thread changing([&] {
        while (!stop) writer.run("UPDATE users SET age = age + 1");
    });
    int mixed = 0;
    std::set<std::string> moments;
    while (moments.size() < 50) {
        const Texts ages = getAll(*store, {"user:1", "other:1", "user:2", "other:2", "user:1"});
        for (const std::string& age : ages) mixed += age != ages[0];
        moments.insert(ages[0]);
    }
    stop = true;
    changing.join();
    CHECK(mixed == 0);
}
