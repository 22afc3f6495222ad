#include <limits>

#include "Fixture.h"

using namespace oxcache;
using namespace oxcache::testing;

namespace {

/// Shows what a placeholder was bound as.
constexpr const char* kBound = "SELECT typeof(:id) || ' ' || quote(:id)";

}  // namespace

TEST_CASE("TheFirstRouteByNameThatFitsAnswers") {
    Fixture f;
    const auto store = f.open({{"path", f.path},
                               {"routes.b_any.match", "{kind}:{id}"},
                               {"routes.b_any.query", "SELECT :kind || '/' || :id"},
                               {"routes.a_user.match", "user:{id}"},
                               {"routes.a_user.query", "SELECT name FROM users WHERE id = :id"}});
    CHECK(get(*store, "user:1") == "ada");
    CHECK(get(*store, "group:1") == "group/1");
    // The first route decides: that it finds no row is its answer.
    CHECK(get(*store, "user:9") == "(absent)");
    CHECK(get(*store, "nothing") == "(no route)");
    CHECK(get(*store, "") == "(no route)");
    CHECK(getAll(*store, {"x:y", "user:2", "?", "user:1"}) ==
          Texts{"x/y", "bob", "(no route)", "ada"});
}

TEST_CASE("AKeyWithoutRouteAsksNothing") {
    Fixture f;
    const auto store = f.open(f.users());
    CHECK(get(*store, "group:1") == "(no route)");
    CHECK(store->queries() == 0);
    CHECK(get(*store, "user:1") == "ada");
    CHECK(store->queries() == 1);
}

TEST_CASE("CanonicalDecimalsBindAsIntegersAndAllElseAsText") {
    Fixture f;
    const auto store = f.open(f.users(kBound));
    CHECK(get(*store, "user:7") == "integer 7");
    CHECK(get(*store, "user:0") == "integer 0");
    CHECK(get(*store, "user:-7") == "integer -7");
    CHECK(get(*store, "user:9223372036854775807") == "integer 9223372036854775807");
    CHECK(get(*store, "user:-9223372036854775808") == "integer -9223372036854775808");
    for (const std::string text :
         {"07", "+7", "-0", "7 ", " 7", "7.0", "1e3", "0x7", "", "9223372036854775808", "abc"}) {
        CAPTURE(text);
        CHECK(get(*store, "user:" + text) == (text.empty() ? "(no route)" : "text '" + text + "'"));
    }
}

TEST_CASE("ARouteMayBindAsText") {
    Fixture f;
    Options options = f.users(kBound);
    options.emplace_back("routes.users.bind.id", "text");
    CHECK(get(*f.open(options), "user:7") == "text '7'");
}

TEST_CASE("ARouteThatBindsIntegersLeavesOtherKeysToTheNext") {
    Fixture f;
    Options options = f.users();
    options.emplace_back("routes.users.bind.id", "integer");
    CHECK(get(*f.open(options), "user:1") == "ada");
    CHECK(get(*f.open(options), "user:ada") == "(no route)");
    options.emplace_back("routes.users_by_name.match", "user:{name}");
    options.emplace_back("routes.users_by_name.query", "SELECT id FROM users WHERE name = :name");
    CHECK(get(*f.open(options), "user:1") == "ada");
    CHECK(get(*f.open(options), "user:bob") == "2");
}

TEST_CASE("ParametersAreBoundByNameWhateverTheirOrderAndNumber") {
    Fixture f;
    const auto store =
        f.open({{"path", f.path},
                {"routes.r.match", "{a}/{b}"},
                {"routes.r.query", "SELECT :b || '-' || :a || '-' || :b || ':c' AS \":d\" -- :e"}});
    CHECK(get(*store, "x/y") == "y-x-y:c");
}

TEST_CASE("EncodedValuesAreDecodedWhereThePatternHasSeveralPlaceholders") {
    Fixture f;
    const auto store = f.open({{"path", f.path},
                               {"routes.a.match", "two:{a}:{b}"},
                               {"routes.a.query", "SELECT :a AS a, :b AS b"},
                               {"routes.b.match", "one:{a}"},
                               {"routes.b.query", "SELECT :a"}});
    CHECK(get(*store, "two:x%3Ay:z:%25") == R"({"a":"x:y","b":"z:%"})");
    CHECK(get(*store, "one:x%3Ay") == "x%3Ay");
}

TEST_CASE("KeysThatLookLikeSqlAreValues") {
    Fixture f;
    const auto store = f.open(f.users("SELECT id FROM users WHERE name = :id"));
    for (const char* text : {"' OR '1'='1", "x'; DROP TABLE users; --", "\" OR 1=1 --", ":id",
                             "1 OR 1=1", "?", "ada' --", "%", "NULL"}) {
        CAPTURE(text);
        const std::string key = "user:" + std::string(text);
        CHECK(get(*store, key) == "(absent)");
        CHECK(getAll(*store, {key, "user:ada", key}) == Texts{"(absent)", "1", "(absent)"});
    }
    CHECK(get(*f.open(f.users("SELECT :id")), "user:x'; DROP TABLE users; --") ==
          "x'; DROP TABLE users; --");
}

TEST_CASE("KeysWithNulAndBytesThatAreNoUtf8AreValues") {
    Fixture f;
    const std::string odd("a\0b\xff\xfe", 5);
    Writer(f.path).run("INSERT INTO users VALUES(5, CAST(x'610062fffe' AS TEXT), 'odd', 1)");
    const auto store = f.open(f.users("SELECT mail FROM users WHERE name = :id"));
    CHECK(get(*store, "user:" + odd) == "odd");
    CHECK(get(*store, "user:" + odd.substr(0, 1)) == "(absent)");
    CHECK(get(*store, "user:" + odd.substr(0, 4)) == "(absent)");
    CHECK(getAll(*store, {"user:" + odd, "user:a", "user:ada"}) ==
          Texts{"odd", "(absent)", "ada@x"});
    CHECK(get(*f.open(f.users("SELECT :id")), "user:" + odd) == odd);
}

TEST_CASE("LongKeysAreValues") {
    Fixture f;
    const std::string text(100'000, 'x');
    CHECK(get(*f.open(f.users("SELECT length(:id)")), "user:" + text) == "100000");
}
