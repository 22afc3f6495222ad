#include <future>
#include <thread>

#include "Fixture.h"

using namespace oxcache;
using namespace oxcache::testing;
using namespace std::chrono_literals;

namespace {

/// Runs practically for ever, but for the key `fast`.
constexpr const char* kSlow =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE :id <> 'fast') "
    "SELECT max(i) FROM n";

bool says(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

/// A store on a clock that stands still unless told.
struct Timed : Fixture {
    void start(const Options& options) {
        auto opened = plugin.fallback(options, time);
        REQUIRE_MESSAGE(opened.ok(), (opened.ok() ? std::string() : opened.error().message));
        store = std::move(opened).value();
    }
    Deadline in(Duration limit) const { return Deadline::in(time, limit); }
    std::future<Texts> loading(const Texts& keys, Deadline deadline) {
        return std::async(std::launch::async,
                          [this, keys, deadline] { return getAll(*store, keys, deadline); });
    }
    /// Waits until that many statements were started.
    void awaitQueries(std::uint64_t count) const {
        while (store->queries() < count) std::this_thread::yield();
    }

    ManualClock time;
    std::unique_ptr<spi::FallbackStore> store;
};

}  // namespace

TEST_CASE("ASlowQueryIsStoppedAtItsDeadline") {
    Timed f;
    f.start(f.users(kSlow));
    auto loading = f.loading({"user:1"}, f.in(1s));
    f.awaitQueries(1);
    f.time.advance(1s);
    CHECK(says(loading.get()[0],
               "Timeout: route users: the query ran until the deadline and was stopped"));
    CHECK(get(*f.store, "user:fast") == "1");
}

TEST_CASE("ADeadlineThatHasPassedAsksNothing") {
    Timed f;
    f.start(f.users());
    CHECK(getAll(*f.store, {"user:1", "other"}, f.in(0ms)) ==
          Texts{"Timeout: the deadline passed before the database was asked", "(no route)"});
    CHECK(f.store->queries() == 0);
}

TEST_CASE("WhatComesAfterASlowKeyTimesOutWithIt") {
    Timed f;
    f.start(f.users(kSlow));
    auto loading = f.loading({"user:fast", "user:1", "user:fast"}, f.in(1s));
    f.awaitQueries(2);
    f.time.advance(1s);
    const Texts texts = loading.get();
    CHECK(texts[0] == "1");
    CHECK(says(texts[1], "Timeout"));
    CHECK(says(texts[2], "Timeout"));
    CHECK(f.store->queries() == 2);
    CHECK(getAll(*f.store, {"user:fast", "user:fast"}) == Texts{"1", "1"});
}

TEST_CASE("ALockedDatabaseIsAskedAgainUntilItIsFree") {
    Timed f;
    f.start(f.users());
    CHECK(get(*f.store, "user:1") == "ada");
    const Writer writer(f.path);
    writer.run("BEGIN EXCLUSIVE; UPDATE users SET name = 'eve' WHERE id = 1");
    // Takes the session that has its statement already, which counts before it waits; the batch
    // then opens another one.
    auto one = f.loading({"user:1"}, f.in(1s));
    f.awaitQueries(2);
    auto many = f.loading({"user:1", "user:2"}, f.in(1s));
    writer.run("COMMIT");
    CHECK(one.get() == Texts{"eve"});
    CHECK(many.get() == Texts{"eve", "bob"});
}

TEST_CASE("ADatabaseThatStaysLockedTimesOut") {
    Timed f;
    f.start(f.users());
    CHECK(get(*f.store, "user:1") == "ada");
    const Writer writer(f.path);
    writer.run("BEGIN EXCLUSIVE");
    auto loading = f.loading({"user:1"}, f.in(1s));
    f.awaitQueries(2);
    f.time.advance(1s);
    CHECK(says(loading.get()[0],
               "Timeout: route users: the database stayed locked by a writer until the deadline"));
    CHECK(ping(*f.store, f.in(0ms)).starts_with("Timeout"));
    writer.run("ROLLBACK");
    CHECK(get(*f.store, "user:1") == "ada");
}

TEST_CASE("ADatabaseLockedAtTheStartIsCheckedAtTheFirstUse") {
    Fixture f;
    const Writer writer(f.path);
    writer.run("BEGIN EXCLUSIVE");
    const auto good = f.open(f.users());
    const auto bad = f.open(f.users("SELECT nam FROM users WHERE id = :id"));
    REQUIRE(f.plugin.logged().size() == 2);
    CHECK(says(f.plugin.logged()[0], "is locked, so the queries of its routes are checked"));
    writer.run("ROLLBACK");
    CHECK(get(*good, "user:1") == "ada");
    CHECK(says(get(*bad, "user:1"), "Unavailable: route users: no such column: nam"));
}

TEST_CASE("WhoFindsNoFreeSessionWaitsUntilTheDeadline") {
    Timed f;
    Options options = f.users(kSlow);
    options.emplace_back("sessions", "1");
    f.start(options);
    auto slow = f.loading({"user:1"}, f.in(10s));
    f.awaitQueries(1);
    auto waiting = f.loading({"user:fast"}, f.in(1s));
    while (f.time.waiters() == 0) std::this_thread::yield();
    f.time.advance(1s);
    CHECK(says(waiting.get()[0], "Timeout: no session of the database came free in time"));
    auto next = f.loading({"user:fast"}, Deadline::never());
    while (f.time.waiters() == 0) std::this_thread::yield();
    f.time.advance(9s);
    CHECK(says(slow.get()[0], "Timeout"));
    CHECK(next.get() == Texts{"1"});
}
