#include <doctest/doctest.h>

#include <dirent.h>

#include <atomic>
#include <random>
#include <thread>

#include "support/Eventually.h"
#include "support/FakeRedisServer.h"
#include "support/FaultProxy.h"
#include "support/RedisPlugin.h"

using namespace oxcache;
using namespace oxcache::testing;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

namespace {

std::size_t openFiles() {
    std::size_t count = 0;
    DIR* folder = ::opendir("/proc/self/fd");
    while (::readdir(folder) != nullptr) ++count;
    ::closedir(folder);
    return count;
}

/// Values that say whose they are, so that one that is wrong is seen to be.
std::string valueOf(int key) { return "value of " + std::to_string(key) + std::string(300, 'x'); }

/// Readers and writers of own keys until told to stop; counts answers, and those that are wrong.
class Load {
public:
    Load(RedisPlugin& plugin, spi::RemoteStore& store, int threads) {
        for (int thread = 0; thread < threads; ++thread)
            threads_.emplace_back([this, &plugin, &store, thread] { run(plugin, store, thread); });
    }
    ~Load() { stop(); }
    void stop() {
        stop_ = true;
        for (std::thread& thread : threads_)
            if (thread.joinable()) thread.join();
    }
    std::uint64_t good() const { return good_; }
    std::uint64_t wrong() const { return wrong_; }
    std::uint64_t slow() const { return slow_; }

private:
    void run(RedisPlugin& plugin, spi::RemoteStore& store, int thread) {
        const std::string key = "conformance:" + std::to_string(thread);
        const Bytes sent = plugin.envelope(EntryKind::Value, valueOf(thread),
                                           {1, 1, static_cast<unsigned>(thread)});
        while (!stop_) {
            const auto begun = steady_clock::now();
            (void)plugin.put(store, key, sent, spi::PutMode::Overwrite, {},
                             plugin.in(milliseconds(300)));
            const auto got = plugin.get(store, key, plugin.in(milliseconds(300)));
            if (got && !got->empty()) ++(*got == sent || !decodeEnvelope(*got) ? good_ : wrong_);
            if (steady_clock::now() - begun > seconds(5)) ++slow_;
        }
    }
    std::atomic<bool> stop_{false};
    std::atomic<std::uint64_t> good_{0}, wrong_{0}, slow_{0};
    std::vector<std::thread> threads_;
};

}  // namespace

TEST_CASE("ValuesSurviveANetworkThatSlicesThem") {
    RedisServer server;
    FaultProxy proxy(server.port());
    RedisPlugin plugin(proxy.uri());
    auto store = plugin.store();
    std::minstd_rand random(7);
    for (const std::size_t slice : {1U, 2U, 3U, 7U, 20U, 1000U}) {
        proxy.slice(slice);
        for (const std::size_t size : {0U, 1U, 2U, 130U, 3000U}) {
            Bytes payload(size, '\0');
            for (char& byte : payload) byte = static_cast<char>(random());
            const Bytes sent = plugin.value(payload);
            REQUIRE(plugin.set(*store, "conformance:k", sent).ok());
            const auto got = plugin.get(*store, "conformance:k");
            REQUIRE(got.ok());
            CHECK(*got == sent);
        }
    }
    proxy.slice(0);
    const Bytes large = plugin.value(Bytes(8U << 20, 'l'));
    REQUIRE(plugin.set(*store, "conformance:k", large).ok());
    CHECK(*plugin.get(*store, "conformance:k") == large);
}

TEST_CASE("ASlowNetworkGivesTheValueOrATimeoutAndNeverAPart") {
    RedisServer server;
    FaultProxy proxy(server.port());
    RedisPlugin plugin(proxy.uri());
    auto store = plugin.store();
    const Bytes large = plugin.value(Bytes(1U << 20, 'l'));
    REQUIRE(plugin.set(*store, "conformance:k", large).ok());
    proxy.limit(200U << 10);
    const auto got = plugin.get(*store, "conformance:k", plugin.in(milliseconds(300)));
    REQUIRE_FALSE(got.ok());
    CHECK((got.error().code == ErrorCode::Timeout));
    // Bytes still flow, so the connection lives, and the next command gets its own reply.
    proxy.limit(0);
    const auto next = plugin.get(*store, "conformance:other");
    REQUIRE(next.ok());
    CHECK(next->empty());
    CHECK(RedisPlugin::counterOf(*store, "connections_lost") == 0);
}

TEST_CASE("CutsAndDamageAtRandomPlacesGiveNoWrongValue") {
    RedisServer server;
    FaultProxy proxy(server.port());
    RedisPlugin plugin(proxy.uri());
    auto store = plugin.store();
    Load load(plugin, *store, 8);
    std::minstd_rand random(11);
    for (int round = 0; round < 60; ++round) {
        const std::uint64_t before = load.good();
        if (round % 3 == 0)
            proxy.corruptReply(random() % 2000);
        else if (round % 3 == 1)
            proxy.cutReply(random() % 2000);
        else
            proxy.drop();
        CHECK(eventually([&] { return load.good() > before + 50; }));
    }
    load.stop();
    CHECK(load.wrong() == 0);
    CHECK(load.slow() == 0);
    CHECK(RedisPlugin::counterOf(*store, "connections_lost") > 20);
}

TEST_CASE("AServerThatNeverAnswersTheLoginCostsNoMoreThanTheDeadline") {
    FakeRedisServer silent;
    silent.always("HELLO", FakeRedisServer::holdThenSay("-ERR\r\n"));
    RedisPlugin plugin("redis://" + silent.address());
    plugin.options.set("connect_timeout", Duration(100));
    auto store = plugin.store();
    const std::size_t before = openFiles();
    for (int i = 0; i < 10; ++i) {
        const auto begun = steady_clock::now();
        const auto got = plugin.get(*store, "conformance:k", plugin.in(milliseconds(400)));
        REQUIRE_FALSE(got.ok());
        CHECK(steady_clock::now() - begun < seconds(3));
    }
    CHECK(openFiles() <= before + 2);
    silent.release();
}

TEST_CASE("ATimedOutCommandsReplyIsNotTheNextOnes") {
    FakeRedisServer server;
    server.once("GET", FakeRedisServer::holdThenSay(FakeRedisServer::bulk("late")));
    server.always("GET", FakeRedisServer::say("$-1\r\n"));
    RedisPlugin plugin("redis://" + server.address());
    plugin.options.set("liveness", Duration(60'000));
    auto store = plugin.store();
    const auto late = plugin.get(*store, "conformance:a", plugin.in(milliseconds(100)));
    REQUIRE_FALSE(late.ok());
    CHECK((late.error().code == ErrorCode::Timeout));
    server.release();
    const auto next = plugin.get(*store, "conformance:b");
    REQUIRE(next.ok());
    CHECK(next->empty());
    CHECK(server.accepted() == 1);
}

TEST_CASE("APushBetweenTwoRepliesDisturbsNobody") {
    FakeRedisServer server;
    const std::string push = ">2\r\n+invalidate\r\n*1\r\n$1\r\nk\r\n";
    server.always("GET", FakeRedisServer::say(push + "$1\r\nv\r\n" + push));
    RedisPlugin plugin("redis://" + server.address());
    auto store = plugin.store();
    for (int i = 0; i < 20; ++i) {
        const auto got = plugin.get(*store, "conformance:k");
        REQUIRE(got.ok());
        CHECK(*got == "v");
    }
    CHECK(server.accepted() == 1);
}

TEST_CASE("ErrorRepliesAreOfTheCommandAloneAndSayWhatToDo") {
    for (const char* text :
         {"OOM command not allowed when used memory > 'maxmemory'.", "MISCONF Redis is configured",
          "NOREPLICAS Not enough good replicas to write.", "LOADING Redis is loading the dataset",
          "BUSY Redis is busy running a script", "NOPERM this user has no permissions",
          "READONLY You can't write against a read only replica.", "ERR something else"}) {
        CAPTURE(text);
        FakeRedisServer server;
        server.always("SET", FakeRedisServer::say("-" + std::string(text) + "\r\n"));
        server.always("PUBLISH", FakeRedisServer::say(":0\r\n"));
        server.always("GET", FakeRedisServer::say("$1\r\nv\r\n"));
        RedisPlugin plugin("redis://" + server.address());
        auto store = plugin.store();
        const auto set = plugin.set(*store, "conformance:k", plugin.value("v"));
        REQUIRE_FALSE(set.ok());
        CHECK((set.error().code == ErrorCode::Unavailable));
        CHECK(set.error().message.find(std::string(text).substr(0, 5)) != std::string::npos);
        CHECK(plugin.get(*store, "conformance:k").ok());
        CHECK(server.accepted() == 1);
    }
}

TEST_CASE("AFullQueueIsBoundedAndSaysSo") {
    FakeRedisServer server;
    server.always("GET", FakeRedisServer::holdThenSay("$-1\r\n"));
    RedisPlugin plugin("redis://" + server.address());
    plugin.options.set("queue_commands", std::int64_t{16});
    plugin.options.set("liveness", Duration(60'000));
    auto store = plugin.store();
    std::atomic<int> overloaded{0}, others{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 40; ++i)
        threads.emplace_back([&] {
            const auto got = plugin.get(*store, "conformance:k", plugin.in(milliseconds(500)));
            if (got.ok()) return;
            ++(got.error().code == ErrorCode::Overloaded ? overloaded : others);
        });
    for (std::thread& thread : threads) thread.join();
    CHECK(overloaded + others == 40);
    CHECK(overloaded >= 24);
    server.release();
    CHECK(eventually([&] { return plugin.get(*store, "conformance:k").ok(); }));
}

TEST_CASE("AStoreThatIsDestroyedUnderLoadEndsEveryCall") {
    RedisServer server;
    for (int round = 0; round < 5; ++round) {
        RedisPlugin plugin(server.uri());
        auto store = plugin.store();
        Load load(plugin, *store, 16);
        CHECK(eventually([&] { return load.good() > 500; }));
        server.command({"CLIENT", "KILL", "TYPE", "normal"});
        load.stop();
        CHECK(load.wrong() == 0);
        store.reset();
    }
}

TEST_CASE("AnUnansweringNetworkIsNoticedAndLeft") {
    RedisServer server;
    FaultProxy proxy(server.port());
    RedisPlugin plugin(proxy.uri());
    auto store = plugin.store();
    REQUIRE(plugin.set(*store, "conformance:k", plugin.value("v")).ok());
    proxy.swallow(true);
    CHECK(eventually([&] {
        (void)plugin.get(*store, "conformance:k", plugin.in(milliseconds(100)));
        return RedisPlugin::counterOf(*store, "connections_lost") > 0;
    }));
    proxy.swallow(false);
    CHECK(eventually([&] { return plugin.get(*store, "conformance:k").ok(); }));
}

TEST_CASE("NoWriteIsDoneTwice") {
    // Each PUBLISH that the server counts belongs to one put; none may be sent again.
    RedisServer server;
    FaultProxy proxy(server.port());
    RedisPlugin plugin(proxy.uri());
    auto store = plugin.store();
    std::uint64_t acknowledged = 0;
    constexpr std::uint64_t kWrites = 400;
    std::minstd_rand random(3);
    for (std::uint64_t i = 0; i < kWrites; ++i) {
        if (i % 20 == 10) proxy.cutReply(random() % 20);
        if (plugin.put(*store, "conformance:k", plugin.value("v"), spi::PutMode::Overwrite, {},
                       plugin.in(seconds(2))))
            ++acknowledged;
    }
    const std::string text = server.command({"INFO", "commandstats"});
    const std::size_t at = text.find("cmdstat_set:calls=");
    REQUIRE(at != std::string::npos);
    const auto done = static_cast<std::uint64_t>(std::stoll(text.substr(at + 18)));
    CHECK(done >= acknowledged);
    CHECK(done <= kWrites);
    CHECK(acknowledged < kWrites);
}
