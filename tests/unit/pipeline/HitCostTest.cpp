// What a hit in L1 costs, seen from the public face.
#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "support/Allocations.h"
#include "support/TestService.h"
#include "support/Values.h"

using namespace oxcache;
using namespace oxcache::testing;

namespace {

/// How often memory is taken while `work` runs a hundred times, the first times aside.
template <class F>
std::uint64_t allocationsOf(F work) {
    for (int i = 0; i < 10; ++i) work();
    const std::uint64_t before = allocations();
    for (int i = 0; i < 100; ++i) work();
    return allocations() - before;
}

/// Longer than what a std::string holds without memory of its own.
const std::string kLong(100, 'x');

void hitsTakeNoMemory(const Cache& cache) {
    const std::string key = "a key of more than sixteen bytes";
    cache.set(key, kLong);
    cache.set("user", User{7, kLong});
    std::size_t size = 0;
    CHECK(allocationsOf([&] {
              REQUIRE(cache.visit<std::string>(key, [&](std::string_view v) { size = v.size(); }));
          }) == 0);
    CHECK(size == kLong.size());
    CHECK(allocationsOf([&] { size = (*cache.getShared<std::string>(key)).size(); }) == 0);
    std::string name;
    name.reserve(kLong.size());
    CHECK(allocationsOf([&] {
              REQUIRE(cache.visit<User>("user", [&](const User& user) { name = user.name; }));
          }) == 0);
    CHECK(name == kLong);
    CHECK(allocationsOf([&] { CHECK(cache.getShared<User>("user")->id == 7); }) == 0);
    // The copy's own.
    CHECK(allocationsOf([&] { size = cache.get<std::string>(key)->size(); }) == 100);
}

}  // namespace

TEST_CASE("AHitTakesNoMemoryWhereL1IsAlone") {
    const TestService test(onlyL1());
    hitsTakeNoMemory(test.cache());
}

TEST_CASE("AHitTakesNoMemoryOverTwoLevels") {
    const TestService test;
    hitsTakeNoMemory(test.cache());
}

TEST_CASE("ASharedHandleBecomesASharedPointerByOneAllocation") {
    const TestService test(onlyL1());
    const Cache cache = test.cache();
    cache.set("user", User{7, kLong});
    const Shared<User> user = cache.getShared<User>("user");
    CHECK(allocationsOf([&] { const std::shared_ptr<const User> pointer = user; }) == 100);
}

TEST_CASE("AVisitorMayTakeLongAndUseTheCache") {
    const TestService test(onlyL1());
    const Cache cache = test.cache();
    cache.set("a", std::string("first"));
    std::string seen;
    CHECK(cache.visit<std::string>("a", [&](std::string_view value) {
        cache.set("a", std::string("second"));
        CHECK(cache.visit<std::string>("a", [&](std::string_view now) { seen = now; }));
        for (int i = 0; i < 20'000; ++i) cache.set("b" + std::to_string(i), kLong);
        CHECK(value == "first");
    }));
    CHECK(seen == "second");
}

TEST_CASE("ManyAreReadInOrderWhateverIsThere") {
    const TestService test(onlyL1());
    const Cache cache = test.cache();
    std::vector<std::string> keys;
    for (int i = 0; i < 100; ++i) {
        keys.push_back("key" + std::to_string(i));
        if (i % 3 != 0) cache.set(keys.back(), i);
    }
    const Statistics before = cache.stats();
    const std::vector<Lookup<int>> found = cache.getMany<int>(keys);
    REQUIRE(found.size() == keys.size());
    for (int i = 0; i < 100; ++i) {
        const Lookup<int>& one = found[static_cast<std::size_t>(i)];
        CHECK(one.outcome == (i % 3 == 0 ? Outcome::Miss : Outcome::Hit));
        CHECK(one.value == (i % 3 == 0 ? std::nullopt : std::optional<int>(i)));
    }
    const Statistics after = cache.stats();
    CHECK(after.hits - before.hits == 66);
    CHECK(after.misses - before.misses == 34);
}
