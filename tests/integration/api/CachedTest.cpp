#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include <doctest/doctest.h>

#include "api/Configured.h"
#include "support/CallGate.h"
#include "support/Values.h"

using namespace std::chrono_literals;
using namespace oxcache;
using namespace oxcache::testing;

namespace functions {

int loads = 0;

enum class Colour { Red = 1, Blue = -2 };

struct Coordinates {
    int x, y;
};
std::string toKey(const Coordinates& at) {
    return std::to_string(at.x) + "/" + std::to_string(at.y);
}

/// Not to be copied, and no text: it may be a parameter, but not part of a key.
struct Connection {
    explicit Connection(int number) : id(number) {}
    Connection(const Connection&) = delete;
    Connection(Connection&&) = default;
    int id;
};

using Table = std::map<int, int>;

OXCACHE_CACHED(User, findUser, (std::uint64_t id), service("s"), key("user:{id}"), ttl(300s)) {
    ++loads;
    return User{id, "user " + std::to_string(id)};
}

OXCACHE_CACHED(int, swapped, (int first, const std::string& second), key("{second}|{first}"),
               service("s")) {
    ++loads;
    return first + static_cast<int>(second.size());
}

OXCACHE_CACHED(int, positions, (int first, int second), service("s"), key("p:{1}:{0}")) {
    return first - second;
}

OXCACHE_CACHED(std::optional<std::string>, sometimes, (bool there), service("s"),
               key("sometimes:{there}"), negativeTtl(1min)) {
    ++loads;
    if (!there) return std::nullopt;
    return "it is";
}

OXCACHE_CACHED(std::string, coloured, (Colour colour, char letter, std::int8_t small), service("s"),
               key("c:{colour}:{letter}:{small}")) {
    return std::string(1, letter) + std::to_string(static_cast<int>(colour) + small);
}

OXCACHE_CACHED(int, there, (const Coordinates& at), service("s"), key("at:{at}")) {
    return at.x * at.y;
}

OXCACHE_CACHED(int, moved,
               (std::unique_ptr<int> number, Connection&& over, [[maybe_unused]] int id),
               service("s"), key("moved:{id}")) {
    ++loads;
    return *number + over.id;
}

OXCACHE_CACHED(int, sizeOfTable, (const std::map<int, int>& table, [[maybe_unused]] int id),
               service("s"), key("table:{id}")) {
    return static_cast<int>(table.size());
}

OXCACHE_CACHED(std::size_t, lengthOf, (std::string_view text), service("s"), key("length:{text}"),
               deadline(10s)) {
    return text.size();
}

OXCACHE_CACHED(int, withContext, (LoadContext<int> & context, int id), service("s"),
               key("context:{id}")) {
    context.options().ttl = 1h;
    return id + static_cast<int>(context.key().size());
}

OXCACHE_CACHED(Loaded<int>, failing, (LoadContext<int> & context, int id), service("s"),
               key("failing:{id}")) {
    if (id < 0) return context.fail("no such number");
    if (id == 0) return std::nullopt;
    return id;
}

OXCACHE_CACHED(int, constant, (), service("s"), key("constant")) { return ++loads; }

OXCACHE_CACHED(int, elsewhere, (int id), service("nowhere"), key("e:{id}")) { return id; }

}  // namespace functions

TEST_CASE("AFunctionDefinedAsCachedRunsOnceForEachArgument") {
    const Initialized initialized(l1Service("s"));
    functions::loads = 0;
    CHECK(functions::findUser(1) == User{1, "user 1"});
    CHECK(functions::findUser(1) == User{1, "user 1"});
    CHECK(functions::findUser(2) == User{2, "user 2"});
    CHECK(functions::loads == 2);
    CHECK(functions::findUser.key(1) == "user:1");
    CHECK(getClient("s").get<User>("user:2") == User{2, "user 2"});
    const Lookup<User> lookup = getClient("s").lookup<User>("user:1");
    CHECK(lookup.ttl > 290s);
    CHECK(lookup.ttl <= 300s);
}

TEST_CASE("PlaceholdersNameParametersInAnyOrder") {
    const Initialized initialized(l1Service("s"));
    CHECK(functions::swapped.key(-5, "ab") == "ab|-5");
    CHECK(functions::swapped(-5, "ab") == -3);
    CHECK(functions::positions.key(1, 2) == "p:2:1");
    CHECK(functions::positions(7, 2) == 5);
    CHECK(getClient("s").get<int>("p:2:7") == 5);
}

TEST_CASE("ArgumentsAreEncodedSoThatNoTwoListsShareAKey") {
    const Initialized initialized(l1Service("s"));
    functions::loads = 0;
    CHECK(functions::swapped.key(1, "a|2") == "a%7C2|1");
    CHECK(functions::swapped.key(1, "a%7C2") == "a%257C2|1");
    CHECK(functions::swapped(1, "a|2") == 4);
    CHECK(functions::swapped(1, "a%7C2") == 6);
    CHECK(functions::loads == 2);
}

TEST_CASE("EnumsBoolsCharactersAndSmallNumbersHaveTheirText") {
    const Initialized initialized(l1Service("s"));
    CHECK(functions::coloured.key(functions::Colour::Blue, 'x', -7) == "c:-2:x:-7");
    CHECK(functions::coloured(functions::Colour::Red, 'x', 4) == "x5");
    CHECK(functions::sometimes.key(true) == "sometimes:1");
    CHECK(functions::there.key({3, 4}) == "at:3/4");
    CHECK(functions::there({3, 4}) == 12);
}

TEST_CASE("AnOptionalResultIsCachedAsNotThere") {
    const Initialized initialized(l1Service("s"));
    functions::loads = 0;
    CHECK(functions::sometimes(false) == std::nullopt);
    CHECK(functions::sometimes(false) == std::nullopt);
    CHECK(functions::sometimes(true) == "it is");
    CHECK(functions::loads == 2);
}

TEST_CASE("ParametersMayBeMovedBorrowedOrWithoutText") {
    const Initialized initialized(l1Service("s"));
    functions::loads = 0;
    CHECK(functions::moved(std::make_unique<int>(40), functions::Connection(2), 1) == 42);
    CHECK(functions::moved(std::make_unique<int>(0), functions::Connection(0), 1) == 42);
    CHECK(functions::loads == 1);
    CHECK(functions::sizeOfTable(functions::Table{{1, 1}, {2, 2}}, 1) == 2);
    CHECK(functions::lengthOf(std::string("gone with its statement")) == 23);
    CHECK(functions::constant() == functions::constant());
}

TEST_CASE("ALoadContextIsGivenByTheCacheAndNotByCallers") {
    const Initialized initialized(l1Service("s"));
    CHECK(functions::withContext.key(5) == "context:5");
    CHECK(functions::withContext(5) == 14);
    CHECK(getClient("s").lookup<int>("context:5").ttl > 59min);
    CHECK(functions::failing(3) == 3);
    CHECK(functions::failing(0) == std::nullopt);
    CHECK_THROWS_AS((void)functions::failing(-1), LoaderFailed);
}

TEST_CASE("ACachedFunctionOfAnUnknownServiceSaysSo") {
    CHECK_THROWS_AS((void)functions::findUser(1), NotInitialized);
    const Initialized initialized(l1Service("s"));
    try {
        (void)functions::elsewhere(1);
        FAIL("it threw nothing");
    } catch (const UnknownService& error) {
        CHECK(error.message() == "no service 'nowhere' is configured; there are: s");
    }
}

TEST_CASE("CachedMakesAFunctionOfALoader") {
    const Initialized initialized(l1Service("s"));
    int loads = 0;
    auto getUser = cached("s", "user:{}", 300s, [&](std::uint64_t id) {
        ++loads;
        return User{id, "ann"};
    });
    CHECK(getUser(1) == User{1, "ann"});
    CHECK(getUser(1) == User{1, "ann"});
    CHECK(loads == 1);
    CHECK(getUser.key(1) == "user:1");
    const Lookup<User> lookup = getUser.lookup(1);
    CHECK(lookup.level == Level::L1);
    CHECK(lookup.value == User{1, "ann"});
}

TEST_CASE("CachedTakesTheArgumentsAsTheLoaderDoes") {
    const Initialized initialized(l1Service("s"));
    const auto length = [](const std::string& text, std::uint8_t small) {
        return text.size() + small;
    };
    auto lengths = cached("s", "{0}:{1}", EntryOptions{}, length);
    // A literal becomes the string that the loader takes; -1 the 255 that it would see.
    CHECK(lengths("abc", 2) == 5);
    CHECK(lengths.key("a:c", std::uint8_t(255)) == "a%3Ac:255");
    auto views = cached("s", "view:{}", 1min, [](std::string_view text) { return text.size(); });
    CHECK(views(std::string("temporary, and longer than any small string")) == 43);
    auto pointers =
        cached("s", "pointer:{}", 1min, [](const char* text) { return std::string(text); });
    CHECK(pointers(std::string("abc").c_str()) == "abc");
    auto moves =
        cached("s", "moves:{0}", 1min, [](int, std::unique_ptr<int> number) { return *number; });
    CHECK(moves(1, std::make_unique<int>(5)) == 5);
    CHECK(moves(1, std::make_unique<int>(6)) == 5);
}

TEST_CASE("CachedCallsOutliveTheirCallersArguments") {
    const Initialized initialized(l1Service("s"));
    const auto gate = std::make_shared<CallGate>();
    EntryOptions options;
    options.deadline = 1ms;
    auto slow = cached("s", "slow:{}", options, [gate](std::string_view text) {
        gate->pass();
        return std::string(text);
    });
    {
        const auto gone = std::make_unique<std::string>("a text that is freed before it is read");
        CHECK_THROWS_AS((void)slow(*gone), LoadTimeout);
    }
    gate->open();
    const Cache cache = getClient("s");
    const std::string key = slow.key("a text that is freed before it is read");
    while (!cache.exists(key)) std::this_thread::yield();
    CHECK(cache.get<std::string>(key) == "a text that is freed before it is read");
}

TEST_CASE("CachedTakesFunctionsContextsAndOptionalResults") {
    const Initialized initialized(l1Service("s"));
    auto pointer = cached(
        "s", "f:{}", 1min, +[](int id) noexcept { return id * 2; });
    CHECK(pointer(4) == 8);
    auto adaptive =
        cached("s", "a:{}", EntryOptions{}, [](LoadContext<int>& context, int id) -> Loaded<int> {
            context.options().ttl = 1h;
            if (id == 0) return std::nullopt;
            if (id < 0) return context.fail("negative");
            return id;
        });
    CHECK(adaptive(3) == 3);
    CHECK(adaptive(0) == std::nullopt);
    CHECK_THROWS_AS((void)adaptive(-1), LoaderFailed);
    CHECK(getClient("s").lookup<int>("a:3").ttl > 59min);
    auto none = cached("s", "none", 1min, [] { return 1; });
    CHECK(none() == 1);
}

TEST_CASE("CachedRefusesATemplateThatItCannotFill") {
    const auto loader = [](int id) { return id; };
    const auto two = [](int id, int more) { return id + more; };
    const auto problem = [](auto make) -> std::string {
        try {
            make();
        } catch (const ConfigurationError& error) {
            return error.displayText();
        }
        return {};
    };
    CHECK(problem([&] { cached("s", "{}:{}", 1min, loader); }).find("1 argument(s)") !=
          std::string::npos);
    CHECK(problem([&] { cached("s", "{id}", 1min, loader); }).find("positions") !=
          std::string::npos);
    CHECK(problem([&] { cached("s", "{", 1min, loader); }).find("not closed") != std::string::npos);
    CHECK(problem([&] { cached("s", "", 1min, loader); }).find("empty") != std::string::npos);
    CHECK(problem([&] { cached("s", "{}{}", 1min, two); }).find("touch") != std::string::npos);
    const auto untold = [](const functions::Connection& over) { return over.id; };
    CHECK(problem([&] { cached("s", "c:{}", 1min, untold); }).find("toKey") != std::string::npos);
}

TEST_CASE("CachedWorksOverACacheAtHandWithoutTheProcessesManager") {
    const ConfigurationFile file(l1Service("mine"));
    const auto manager = CacheManager::fromFile(file.path());
    auto twice = cached(manager->cache("mine"), "twice:{}", 1min, [](int id) { return 2 * id; });
    CHECK(twice(4) == 8);
    CHECK(manager->cache("mine").get<int>("twice:4") == 8);
    manager->shutdown();
    CHECK_THROWS_AS((void)twice(4), Closed);
}

TEST_CASE("ACachedFunctionGoesOnWithTheNextManager") {
    auto twice = cached("s", "twice:{}", 1min, [](int id) { return 2 * id; });
    CHECK_THROWS_AS((void)twice(1), NotInitialized);
    for (int round = 0; round < 3; ++round) {
        const Initialized initialized(l1Service("s"));
        CHECK(twice(1) == 2);
        CHECK(twice.lookup(1).level == Level::L1);
        CHECK(functions::positions(3, 1) == 2);
        CHECK(getClient("s").stats().loads == 2);
    }
    CHECK_THROWS_AS((void)twice(1), NotInitialized);
}

TEST_CASE("AnExceptionOfTheLoaderComesThroughACachedFunction") {
    const Initialized initialized(l1Service("s"));
    auto burning = cached("s", "b:{}", 1min,
                          [](int) -> int { throw std::out_of_range("the database burns"); });
    CHECK_THROWS_WITH_AS((void)burning(1), "the database burns", std::out_of_range);
    CHECK(burning.lookup(1).error.code == ErrorCode::LoaderFailed);
}
