#include "DemoProgram.h"
#include "SqliteFile.h"

using namespace oxcache::demo;

namespace {

const std::string kUsers =
    "--db app.db --match 'user:{id}' --query 'SELECT id, name FROM users WHERE id = :id' ";

// A user's database with 100 users, and a list of keys of which one in ten is not there.
void makeUsers(const DemoProgram& demo) {
    SqliteFile file(demo.path("app.db"), SqliteFile::Mode::Create);
    file.run(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT);"
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)"
        "INSERT INTO users SELECT i, 'user ' || i FROM n;");
    std::string keys;
    for (int i = 1; i <= 100; ++i)
        keys += "user:" + std::to_string(i % 10 == 0 ? 1000 + i : i) + "\n";
    demo.file("keys.txt", keys);
}

}  // namespace

TEST_CASE("AUsersDatabaseIsServedKeyByKey") {
    const DemoProgram demo;
    makeUsers(demo);
    const Ended first = demo.run(kUsers + "--keys keys.txt --json --threads 4");
    REQUIRE(first.status == 0);
    const auto line = first.json();
    CHECK(line["requests"] == 100);
    CHECK(line["loads"] == 100);
    CHECK(line["negative"] == 10);
    CHECK(line["errors"] == 0);
    CHECK(line["database_queries"] == 100);
    CHECK(line["latency_us"]["l1"]["p50"].is_null());
    const Ended second = demo.run(kUsers + "--keys keys.txt --json --threads 4");
    REQUIRE(second.status == 0);
    CHECK(second.json()["l2_hits"] == 100);
    CHECK(second.json()["negative"] == 10);
    CHECK(contains(second.err, "Warm start"));
}

TEST_CASE("KeysOfAUsersListCanBeDrawn") {
    const DemoProgram demo;
    makeUsers(demo);
    const Ended ended =
        demo.run(kUsers + "--keys keys.txt --json --threads 2 --requests 5000 --zipf 1.1 --seed 9");
    REQUIRE(ended.status == 0);
    const auto line = ended.json();
    CHECK(line["requests"] == 5000);
    CHECK(line["l1_hits"].get<int>() + line["l2_hits"].get<int>() + line["loads"].get<int>() ==
          5000);
    // Once a key; and once more where the bus began to cover while one of the two threads loaded
    // it, for the other then joins no load from before.
    CHECK(line["database_queries"] <= 101);
    CHECK(line["negative"] > 0);
}

TEST_CASE("OneKeyOfAUsersDatabaseCanBeAskedFor") {
    const DemoProgram demo;
    makeUsers(demo);
    const Ended found = demo.run(kUsers + "get user:7 --json");
    CHECK(found.status == 0);
    CHECK(found.json()["value"]["name"] == "user 7");
    CHECK(found.json()["level"] == "fallback");
    CHECK(demo.run(kUsers + "get user:107").status == 1);
    CHECK(demo.run(kUsers + "get elsewhere:1").status == 1);
}

TEST_CASE("AnotherDatabaseOrQueryIsNotAnsweredFromTheStateOfTheFirst") {
    const DemoProgram demo;
    makeUsers(demo);
    SqliteFile other(demo.path("other.db"), SqliteFile::Mode::Create);
    other.run(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT);"
        "INSERT INTO users VALUES (7, 'somebody else');");
    CHECK(demo.run(kUsers + "get user:7 --json").json()["value"]["name"] == "user 7");
    const std::string match = " --match 'user:{id}' --query ";
    const Ended fromOther = demo.run(
        "--db other.db" + match + "'SELECT id, name FROM users WHERE id = :id' get user:7 --json");
    CHECK(fromOther.json()["value"]["name"] == "somebody else");
    const Ended byOther = demo.run("--db app.db" + match +
                                   "'SELECT name FROM users WHERE id = :id' get user:7 --json");
    CHECK(byOther.json()["value"] == "user 7");
    CHECK(demo.run(kUsers + "get user:7 --json").json()["level"] == "l2");
}

TEST_CASE("AFailureOfTheDatabaseIsAnErrorAndNoAnswer") {
    const DemoProgram demo;
    makeUsers(demo);
    demo.file("keys.txt", "user:1\nuser:7\nuser:2\nelsewhere\n");
    // abs() of the least integer has no result.
    const std::string query =
        "'SELECT CASE id WHEN 7 THEN abs(-9223372036854775807 - 1) ELSE name END AS name "
        "FROM users WHERE id = :id' ";
    const std::string options = "--db app.db --match 'user:{id}' --query " + query;
    for (int run = 0; run < 2; ++run) {
        const Ended ended = demo.run(options + "--keys keys.txt --json");
        CHECK(ended.status == 1);
        CHECK(ended.json()["errors"] == 1);
        CHECK(ended.json()["negative"] == 1);
        CHECK(contains(ended.err, "overflow"));
    }
    const Ended one = demo.run(options + "get user:7 --json");
    CHECK(one.status == 1);
    CHECK(one.json()["outcome"] == "unavailable");
    CHECK(contains(one.err, "overflow"));
}

TEST_CASE("AKeyThatTheCacheRefusesIsCountedAsAnError") {
    const DemoProgram demo;
    makeUsers(demo);
    demo.file("keys.txt", "user:1\n" + std::string(2000, 'k') + "\nuser:2\n");
    const Ended ended = demo.run(kUsers + "--keys keys.txt --json");
    CHECK(ended.status == 1);
    CHECK(ended.json()["requests"] == 3);
    CHECK(ended.json()["errors"] == 1);
    CHECK(ended.json()["loads"] == 2);
    CHECK(contains(ended.err, "1 of 3 requests failed"));
}
