#include <nlohmann/json.hpp>

#include "Fixture.h"

using namespace oxcache;
using namespace oxcache::testing;

TEST_CASE("OneColumnIsItsRawValue") {
    Fixture f;
    const auto store = f.open(f.users());
    const auto reply = load(*store, "user:1");
    REQUIRE(reply.ok());
    CHECK(reply->outcome == spi::FallbackOutcome::Found);
    CHECK(reply->codec == CodecId::Raw);
    CHECK(reply->value == "ada");
}

TEST_CASE("SeveralColumnsAreOneJsonObjectInTheirOrder") {
    Fixture f;
    const auto store = f.open(f.users("SELECT name, id, mail, age FROM users WHERE id = :id"));
    const auto reply = load(*store, "user:1");
    REQUIRE(reply.ok());
    CHECK(reply->codec == CodecId::Json);
    CHECK(reply->value == R"({"name":"ada","id":1,"mail":"ada@x","age":36})");
    CHECK(get(*store, "user:2") == R"({"name":"bob","id":2,"mail":null,"age":41})");
}

TEST_CASE("NoRowAndNullAreAbsent") {
    Fixture f;
    const auto store = f.open(f.users("SELECT mail FROM users WHERE id = :id"));
    CHECK(get(*store, "user:2") == "(absent)");
    CHECK(get(*store, "user:3") == "(absent)");
    CHECK(get(*store, "user:1") == "ada@x");
}

TEST_CASE("ARowOfNullsInSeveralColumnsIsARow") {
    Fixture f;
    const auto store = f.open(f.users("SELECT NULL AS a, NULL AS b FROM users WHERE id = :id"));
    CHECK(get(*store, "user:1") == R"({"a":null,"b":null})");
    CHECK(get(*store, "user:3") == "(absent)");
}

TEST_CASE("OfSeveralRowsTheFirstIsTaken") {
    Fixture f;
    const auto store = f.open(f.users("SELECT name FROM users WHERE age > :id ORDER BY name DESC"));
    CHECK(get(*store, "user:0") == "bob");
    CHECK(getAll(*store, {"user:0", "user:40", "user:0"}) == Texts{"bob", "bob", "bob"});
}

TEST_CASE("EachTypeOfValueIsRendered") {
    Fixture f;
    const Writer writer(f.path);
    // Declared types that lie: what counts is what is stored.
    writer.run(
        "CREATE TABLE things(id INTEGER PRIMARY KEY, i INT, r REAL, t JSON, b TEXT, s BLOB);"
        "INSERT INTO things VALUES(1, 5000000000, 0.1, '{\"a\":1}', x'00ff10', 'text')");
    writer.run("INSERT INTO things VALUES(2, -9223372036854775808, 1e300, '', x'', 9e999)");
    const std::string one = "routes.users.query";
    const auto column = [&](const std::string& name, const std::string& key) {
        return get(*f.open(f.users("SELECT " + name + " FROM things WHERE id = :id")), key);
    };
    CHECK(column("i", "user:1") == "5000000000");
    CHECK(column("i", "user:2") == "-9223372036854775808");
    CHECK(column("r", "user:1") == "0.1");
    CHECK(column("r", "user:2") == "1e+300");
    CHECK(column("1.0", "user:2") == "1");
    CHECK(column("0.1 + 0.2", "user:2") == "0.30000000000000004");
    CHECK(column("t", "user:1") == "{\"a\":1}");
    CHECK(column("t", "user:2").empty());
    CHECK(column("b", "user:1") == std::string("\0\xff\x10", 3));
    CHECK(column("b", "user:2").empty());
    CHECK(column("s", "user:1") == "text");
    CHECK(column("s", "user:2") == "inf");
    CHECK(column("i, r, t, b, s", "user:1") ==
          R"({"i":5000000000,"r":0.1,"t":"{\"a\":1}","b":"AP8Q","s":"text"})");
    CHECK(column("i, s", "user:2") == R"({"i":-9223372036854775808,"s":null})");
}

TEST_CASE("TextThatIsNoUtf8IsRawInOneColumnAndReplacedInJson") {
    Fixture f;
    Writer(f.path).run("INSERT INTO users VALUES(3, CAST(x'61ff62' AS TEXT), char(0) || 'x', 1)");
    CHECK(get(*f.open(f.users()), "user:3") ==
          "a\xff"
          "b");
    const auto json = f.open(f.users("SELECT name, mail FROM users WHERE id = :id"));
    CHECK(get(*json, "user:3") ==
          "{\"name\":\"a\xEF\xBF\xBD"
          "b\",\"mail\":\"\\u0000x\"}");
}

TEST_CASE("LongBlobsAreOneLineOfBase64") {
    Fixture f;
    const auto store = f.open(f.users("SELECT zeroblob(300) AS b, 1 AS i WHERE :id"));
    const auto object = nlohmann::json::parse(get(*store, "user:1"));
    CHECK(object.at("b").get<std::string>() == std::string(400, 'A'));
}

TEST_CASE("AQueryWithoutPlaceholdersAnswersAConstantKey") {
    Fixture f;
    const auto store = f.open({{"path", f.path},
                               {"routes.count.match", "user-count"},
                               {"routes.count.query", "SELECT count(*) FROM users"}});
    CHECK(get(*store, "user-count") == "2");
    CHECK(get(*store, "user-counts") == "(no route)");
}
