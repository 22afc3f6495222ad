// What is under way on a connection when something goes wrong beside it.
#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "support/Eventually.h"
#include "support/FakeRedisServer.h"
#include "support/FaultProxy.h"
#include "support/RedisPlugin.h"
#include "support/Threads.h"

using namespace oxcache;
using namespace oxcache::testing;
using std::chrono::milliseconds;

namespace {

using Fake = FakeRedisServer;

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
/// More than the buffers of the kernel hold on the way to a server that does not read.
constexpr std::uint64_t kLarge = 48 * kMiB;
/// As slow as makes that last several times longer than kLiveness.
constexpr std::uint64_t kSlow = 16 * kMiB;
constexpr Duration kLiveness{600};

std::uint64_t callsOf(const RedisServer& server, const std::string& command) {
    const std::string text = server.command({"INFO", "commandstats"});
    const std::string name = "cmdstat_" + command + ":calls=";
    const std::size_t at = text.find(name);
    return at == std::string::npos ? 0 : std::stoull(text.substr(at + name.size()));
}

std::string exists(const RedisServer& server, const std::string& key) {
    return redisCommand(server.port(), {"EXISTS", key}).at(0);
}

std::string valueOf(int number) {
    return "value of " + std::to_string(number) + std::string(kMiB, 'v');
}

}  // namespace

TEST_CASE("CancelledBeforeItWasWrittenACommandIsNotRunByTheServer") {
    RedisServer server;
    FaultProxy proxy(server.port());
    RedisPlugin plugin(proxy.uri());
    plugin.options.set("liveness", Duration(60'000));
    const auto store = plugin.store();
    REQUIRE(plugin.get(*store, "conformance:first"));
    proxy.limit(kMiB);
    const std::uint64_t before = proxy.requested();
    Joined large(
        [&] { CHECK(plugin.set(*store, "conformance:large", plugin.value(Bytes(kLarge, 'l')))); });
    REQUIRE(eventually([&] { return proxy.requested() > before + 64'000; }));
    // So much stands before it that no byte of it can leave before its deadline.
    RedisPlugin own(proxy.uri());
    const auto cancelled = own.put(*store, "conformance:small", own.value("v"),
                                   spi::PutMode::Overwrite, {}, own.in(milliseconds(100)));
    REQUIRE_FALSE(cancelled);
    CHECK(cancelled.error().code == ErrorCode::Timeout);
    proxy.limit(0);
    large.join();
    CHECK(exists(server, "conformance:large") == "1");
    CHECK(plugin.set(*store, "conformance:later", plugin.value("v")));
    CHECK(exists(server, "conformance:small") == "0");
    CHECK(callsOf(server, "set") == 2);
    CHECK(RedisPlugin::counterOf(*store, "connections_lost") == 0);
}

TEST_CASE("AReplyThatArrivesBeforeTheWriteCallReturnedIsMatched") {
    Fake server;
    FaultProxy proxy(server.port());
    RedisPlugin plugin(proxy.uri());
    plugin.options.set("liveness", Duration(60'000));
    const auto store = plugin.store();
    // While it holds the first reply it reads nothing, and so the write behind it cannot end.
    server.once("GET", Fake::holdThenSay(""));
    server.always("GET", Fake::say(Fake::bulk("its own")));
    server.always("SET", Fake::say(""));
    // The message of the SET; later ones are beats.
    server.once("PUBLISH", Fake::say(""));
    server.always("PUBLISH", Fake::say(":0\r\n"));
    std::atomic<bool> written{false};
    Joined reader([&] {
        const auto got = plugin.get(*store, "conformance:a");
        CHECK(got);
        CHECK((got && *got == "first"));
    });
    REQUIRE(server.awaitReceived("GET", 1));
    const std::uint64_t before = proxy.requested();
    RedisPlugin own(proxy.uri());
    Joined writer([&] {
        const auto put = own.set(*store, "conformance:b", own.value(Bytes(kLarge, 'l')));
        CHECK_MESSAGE(put, (put ? "" : put.error().message));
        written = true;
    });
    REQUIRE(eventually([&] { return proxy.requested() > before + kMiB; }));
    server.push(Fake::bulk("first") + "+OK\r\n:0\r\n");
    reader.join();
    CHECK_FALSE(written);
    server.release();
    writer.join();
    for (int i = 0; i < 10; ++i) {
        const auto next = plugin.get(*store, "conformance:c");
        REQUIRE(next);
        CHECK(*next == "its own");
    }
    CHECK(server.received("SET").size() == 1);
    CHECK(server.accepted() == 1);
    CHECK(server.surprises().empty());
}

TEST_CASE("AWriteThatFailsInTheMiddleOfABatchEndsTheConnectionAndMixesNothing") {
    constexpr int kPuts = 24;
    RedisServer server;
    FaultProxy proxy(server.port());
    RedisPlugin plugin(proxy.uri());
    const auto store = plugin.store();
    std::vector<std::string> keys, envelopes;
    for (int i = 0; i < kPuts; ++i) {
        keys.push_back("conformance:" + std::to_string(i));
        envelopes.push_back(plugin.value(valueOf(i)));
    }
    const std::vector<spi::Put> puts = plugin.putsOf(keys, envelopes);
    // Others' small commands are in flight on the same connection all the while.
    std::atomic<bool> over{false};
    std::atomic<int> foreign{0}, answered{0};
    std::vector<std::unique_ptr<Joined>> others;
    for (int thread = 0; thread < 4; ++thread)
        others.push_back(std::make_unique<Joined>([&, thread] {
            RedisPlugin own(proxy.uri());
            const std::string key = "conformance:own" + std::to_string(thread);
            const Bytes sent = own.value(key);
            while (!over) {
                (void)own.put(*store, key, sent, spi::PutMode::Overwrite, {},
                              own.in(milliseconds(500)));
                const auto got = own.get(*store, key, own.in(milliseconds(500)));
                if (!got || got->empty()) continue;
                ++answered;
                if (*got != sent) ++foreign;
            }
        }));
    const EndOf end(over);
    REQUIRE(eventually([&] { return answered > 100; }));
    proxy.cutRequest(10 * kMiB);
    const auto outcomes = store->put(puts, plugin.in(std::chrono::seconds(20)));
    int failed = 0;
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
        if (!outcomes[i]) {
            ++failed;
            CHECK(outcomes[i].error().code == ErrorCode::Unavailable);
        } else {
            CHECK(exists(server, keys[i]) == "1");
        }
    }
    CHECK(failed >= kPuts / 2);
    CHECK(RedisPlugin::counterOf(*store, "connections_lost") == 1);
    const int before = answered;
    CHECK(eventually([&] { return answered > before + 100; }));
    for (const auto& outcome : store->put(puts, plugin.in(std::chrono::seconds(20))))
        CHECK(outcome);
    for (std::size_t i = 0; i < keys.size(); ++i) {
        const auto got = plugin.get(*store, keys[i]);
        REQUIRE(got);
        CHECK(*got == envelopes[i]);
    }
    over = true;
    others.clear();
    CHECK(foreign == 0);
    CHECK(RedisPlugin::counterOf(*store, "connections_lost") == 1);
}

TEST_CASE("BesideOneSlowReplyOthersTimeOutOneByOneAndTheConnectionLives") {
    RedisServer server;
    FaultProxy proxy(server.port());
    RedisPlugin direct(server.uri());
    const Bytes large = direct.value(Bytes(kLarge, 'l'));
    REQUIRE(direct.set(*direct.store(), "conformance:large", large));
    RedisPlugin plugin(proxy.uri());
    plugin.options.set("liveness", kLiveness);
    const auto store = plugin.store();
    REQUIRE(plugin.get(*store, "conformance:small"));
    proxy.limit(kSlow);
    const std::uint64_t before = proxy.replied();
    Joined reader([&] {
        const auto got =
            plugin.get(*store, "conformance:large", plugin.in(std::chrono::minutes(1)));
        CHECK_MESSAGE(got, (got ? "" : got.error().message));
        CHECK((got && *got == large));
    });
    REQUIRE(eventually([&] { return proxy.replied() > before + kMiB; }));
    for (int i = 0; i < 5; ++i) {
        const auto late = direct.get(*store, "conformance:small", direct.in(milliseconds(50)));
        REQUIRE_FALSE(late);
        CHECK(late.error().code == ErrorCode::Timeout);
    }
    reader.join();
    proxy.limit(0);
    const auto next = plugin.get(*store, "conformance:small");
    REQUIRE(next);
    CHECK(next->empty());
    CHECK(RedisPlugin::counterOf(*store, "timeouts") == 5);
    CHECK(RedisPlugin::counterOf(*store, "connections_lost") == 0);
}

TEST_CASE("AnUploadLongerThanTheLivenessIsNotTakenForSilence") {
    RedisServer server;
    FaultProxy proxy(server.port());
    RedisPlugin plugin(proxy.uri());
    plugin.options.set("liveness", kLiveness);
    const auto store = plugin.store();
    REQUIRE(plugin.get(*store, "conformance:small"));
    proxy.limit(kSlow);
    const Bytes large = plugin.value(Bytes(kLarge, 'l'));
    const auto put = plugin.put(*store, "conformance:large", large, spi::PutMode::Overwrite, {},
                                plugin.in(std::chrono::minutes(1)));
    CHECK_MESSAGE(put, (put ? "" : put.error().message));
    proxy.limit(0);
    const auto got = plugin.get(*store, "conformance:large");
    REQUIRE(got);
    CHECK((*got == large));
    CHECK(RedisPlugin::counterOf(*store, "connections_lost") == 0);
}
