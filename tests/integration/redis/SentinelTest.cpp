#include <doctest/doctest.h>

#include <atomic>

#include "support/BusEar.h"
#include "support/FakeRedisServer.h"
#include "support/FaultProxy.h"
#include "support/Ports.h"
#include "support/RedisPlugin.h"
#include "support/RedisSentinels.h"
#include "support/Threads.h"

using namespace oxcache;
using namespace oxcache::testing;

namespace {

using Fake = FakeRedisServer;

const std::string kMaster = RedisSentinels::kMaster;

struct SentinelPlugin : RedisPlugin {
    explicit SentinelPlugin(const std::string& uri) : RedisPlugin(uri, "redis-sentinel") {}
};

/// A sentinel that names this address and no other sentinels.
void name(Fake& sentinel, std::uint16_t port) {
    sentinel.always(
        "SENTINEL GET-MASTER-ADDR-BY-NAME",
        Fake::say(Fake::array({Fake::bulk("127.0.0.1"), Fake::bulk(std::to_string(port))})));
    sentinel.always("SENTINEL SENTINELS", Fake::say("*0\r\n"));
    sentinel.always("SENTINEL MYID", Fake::say(Fake::bulk("id" + sentinel.address())));
    sentinel.always("SUBSCRIBE", Fake::say(">3\r\n" + Fake::bulk("subscribe") +
                                           Fake::bulk("+switch-master") + ":1\r\n"));
}

std::string uriOf(std::initializer_list<std::string> sentinels) {
    std::string hosts;
    for (const std::string& sentinel : sentinels) hosts += (hosts.empty() ? "" : ",") + sentinel;
    return "redis+sentinel://" + hosts + "/" + kMaster;
}

std::string addressOf(std::uint16_t port) { return "127.0.0.1:" + std::to_string(port); }

bool stored(const Result<spi::PutOutcome>& outcome) {
    return outcome && *outcome == spi::PutOutcome::Stored;
}

std::string numbered(int number) { return std::to_string(number); }

/// What the payload of the key says, as a number; -1: nothing is there.
int numberAt(SentinelPlugin& plugin, spi::RemoteStore& store, Key key) {
    const auto read = plugin.get(store, key, plugin.in(Duration(2000)));
    if (!read) throw std::runtime_error(read.error().message);
    if (read->empty()) return -1;
    return std::stoi(std::string(read->substr(envelope::kHeaderSize)));
}

}  // namespace

TEST_CASE("FailoverMidWriteEndsWithWritesOnTheOtherMasterAndARenewedSubscription") {
    RedisSentinels group;
    SentinelPlugin plugin(group.uri());
    const auto store = plugin.store();
    BusEar ear(plugin.bus());
    REQUIRE(ear.awaitCovered());
    const std::uint16_t old = group.masterPort();
    std::atomic<bool> over{false};
    std::atomic<int> backwards{0};
    std::array<std::atomic<int>, 8> acknowledged{};
    {
        // Several threads, each with a key of its own: none may hang, none may see a value older
        // than one that was acknowledged by the master that answers.
        std::vector<std::unique_ptr<Joined>> threads;
        std::array<std::atomic<int>, 8> afterwards{};
        std::atomic<bool> moved{false};
        std::atomic<int> going{8};
        for (std::size_t thread = 0; thread < acknowledged.size(); ++thread)
            threads.push_back(std::make_unique<Joined>([&, thread] {
                SentinelPlugin own(group.uri());
                const std::string key = "conformance:k" + std::to_string(thread);
                int last = 0;
                for (int number = 1; !over; ++number) {
                    const bool late = moved;
                    const auto put = own.put(*store, key, own.value(numbered(number)),
                                             spi::PutMode::Overwrite, {}, own.in(Duration(500)));
                    if (!stored(put)) continue;
                    acknowledged[thread] = number;
                    if (!late) continue;
                    last = number;
                    if (numberAt(own, *store, key) != last) ++backwards;
                    if (++afterwards[thread] == 100) --going;
                }
            }));
        const EndOf end(over);
        CHECK(eventually([&] {
            return std::all_of(acknowledged.begin(), acknowledged.end(),
                               [](const auto& count) { return count > 100; });
        }));
        group.at(old).kill();
        CHECK(group.awaitMasterOtherThan(old));
        moved = true;
        CHECK(eventually([&] { return going == 0; }));
    }
    CHECK(backwards == 0);
    CHECK(group.masterPort() != old);
    CHECK(ear.awaitCovered());
    CHECK(ear.losses() >= 1);
    CHECK(stored(plugin.set(*store, "conformance:later", plugin.value("v"))));
    CHECK(ear.awaitHeard("conformance:later"));
}

TEST_CASE("AFailoverWithTheOldMasterAliveMovesTheConnectionAndReadonlyReachesNobody") {
    RedisSentinels group;
    SentinelPlugin plugin(group.uri());
    const auto store = plugin.store();
    const std::uint16_t old = group.masterPort();
    REQUIRE(stored(plugin.set(*store, "conformance:k", plugin.value("0"))));
    std::atomic<bool> over{false};
    std::atomic<int> refused{0};
    Joined writer([&] {
        SentinelPlugin own(group.uri());
        for (int number = 1; !over; ++number) {
            const auto put = own.put(*store, "conformance:k", own.value(numbered(number)),
                                     spi::PutMode::Overwrite, {}, own.in(Duration(1000)));
            if (!put && put.error().message.find("READONLY") != std::string::npos) ++refused;
        }
    });
    const EndOf end(over);
    group.failOver();
    CHECK(group.awaitMasterOtherThan(old));
    const std::uint16_t now = group.masterPort();
    const auto writes = [&] { return redisCommand(now, {"GET", "conformance:k"}).front(); };
    const std::string before = writes();
    CHECK(eventually([&] { return writes() != before; }));
    over = true;
    writer.join();
    CHECK(refused <= 1);
    CHECK(group.at(old).running());
}

// As a pool that is used up: every place on both connections is taken, and others wait for one.
TEST_CASE("AFailoverUnderFullQueuesDeadlocksNobody") {
    constexpr int kThreads = 48;
    RedisSentinels group;
    SentinelPlugin plugin(group.uri());
    plugin.options.set("connections", std::int64_t{2});
    plugin.options.set("queue_commands", std::int64_t{16});
    const auto store = plugin.store();
    const std::uint16_t old = group.masterPort();
    REQUIRE(stored(plugin.set(*store, "conformance:k", plugin.value("0"))));
    std::atomic<bool> over{false}, moved{false};
    std::atomic<int> late{0};
    std::array<std::atomic<int>, kThreads> before{}, after{};
    std::vector<std::unique_ptr<Joined>> threads;
    for (std::size_t thread = 0; thread < kThreads; ++thread)
        threads.push_back(std::make_unique<Joined>([&, thread] {
            SentinelPlugin own(group.uri());
            const std::string key = "conformance:k" + std::to_string(thread);
            while (!over) {
                const bool isAfter = moved;
                const auto begun = std::chrono::steady_clock::now();
                const auto put = own.put(*store, key, own.value("v"), spi::PutMode::Overwrite, {},
                                         own.in(Duration(500)));
                // Ten times its deadline: it waits for something that does not come.
                if (std::chrono::steady_clock::now() - begun > Duration(5000)) ++late;
                if (stored(put)) ++(isAfter ? after : before)[thread];
            }
        }));
    const EndOf end(over);
    const auto all = [](const auto& counts) {
        return std::all_of(counts.begin(), counts.end(), [](const auto& n) { return n > 20; });
    };
    CHECK(eventually([&] { return all(before); }));
    // A frozen master keeps what is under way, so that the queues fill and stay full.
    group.at(old).freeze();
    CHECK(eventually([&] { return SentinelPlugin::counterOf(*store, "overloads") > 0; }));
    CHECK(group.awaitMasterOtherThan(old));
    moved = true;
    CHECK(eventually([&] { return all(after); }));
    over = true;
    threads.clear();
    CHECK(late == 0);
    group.at(old).thaw();
}

TEST_CASE("DeadAndSilentSentinelsAreSteppedOverAndLearnedOnesAreUsed") {
    RedisSentinels group;
    FaultProxy silent(group.sentinelPort(0));
    silent.swallow(true);
    // The first refuses, the second says nothing, the third knows.
    SentinelPlugin plugin(
        uriOf({addressOf(freePort()), addressOf(silent.port()), addressOf(group.sentinelPort(2))}));
    const auto store = plugin.store();
    CHECK(stored(plugin.put(*store, "conformance:k", plugin.value("1"), spi::PutMode::Overwrite, {},
                            plugin.in(Duration(900)))));
    // The third is gone as well: what it said of the other two is all there is.
    group.killSentinel(2);
    const std::uint16_t old = group.masterPort();
    group.at(old).kill();
    REQUIRE(group.awaitMasterOtherThan(old));
    CHECK(
        eventually([&] { return stored(plugin.set(*store, "conformance:k", plugin.value("2"))); }));
}

TEST_CASE("AnUnknownMasterAndUnreachableSentinelsAreTwoErrors") {
    RedisSentinels group;
    SentinelPlugin stranger("redis+sentinel://" + group.addresses() + "/nobody");
    const auto lost = stranger.store();
    const auto unknown = stranger.get(*lost, "conformance:k");
    REQUIRE_FALSE(unknown);
    CHECK(unknown.error().code == ErrorCode::Unavailable);
    CHECK(unknown.error().message.find("no sentinel knows a master named 'nobody'") !=
          std::string::npos);

    SentinelPlugin deaf(uriOf({addressOf(freePort()), addressOf(freePort())}));
    const auto deafStore = deaf.store();
    const auto silent = deaf.get(*deafStore, "conformance:k");
    REQUIRE_FALSE(silent);
    CHECK(silent.error().code == ErrorCode::Unavailable);
    CHECK(silent.error().message.find("none of 2 sentinels could be asked") != std::string::npos);
}

TEST_CASE("AWorkingMasterStaysConnectedWithoutSentinelsButIsNotTrustedForLong") {
    RedisSentinels group;
    SentinelPlugin plugin(group.uri());
    plugin.options.set("sentinel.confirm", Duration(1000));
    const auto store = plugin.store();
    BusEar ear(plugin.bus());
    REQUIRE(ear.awaitCovered());
    REQUIRE(stored(plugin.set(*store, "conformance:k", plugin.value("1"))));
    const auto connects = plugin.counterOf(*store, "connects");
    for (int i = 0; i < RedisSentinels::kSentinels; ++i) group.killSentinel(i);
    CHECK(eventually([&] { return !ear.covered(); }));
    CHECK(stored(plugin.set(*store, "conformance:k", plugin.value("2"))));
    CHECK(plugin.counterOf(*store, "connects") == connects);
    CHECK(plugin.counterOf(*store, "connections_lost") == 0);
    // One of three is no majority; two are.
    const std::size_t gaps = ear.gaps();
    group.startSentinel(0);
    group.startSentinel(1);
    CHECK(ear.awaitCovered());
    CHECK(ear.gaps() > gaps);
    CHECK(plugin.counterOf(*store, "connections_lost") == 0);
}

TEST_CASE("AMinorityDoesNotConfirmAMaster") {
    RedisSentinels group;
    SentinelPlugin plugin(group.uri());
    plugin.options.set("sentinel.confirm", Duration(500));
    BusEar ear(plugin.bus());
    REQUIRE(ear.awaitCovered());
    group.freezeSentinel(0);
    group.freezeSentinel(1);
    CHECK(eventually([&] { return !ear.covered(); }));
    group.thawSentinel(0);
    CHECK(ear.awaitCovered());
    group.thawSentinel(1);
}

TEST_CASE("AnAddressWhoseRoleIsReplicaIsRefusedAndAskedForAgain") {
    RedisSentinels group;
    Fake sentinel;
    const std::uint16_t replica = group.server(1).port();
    name(sentinel, replica);
    SentinelPlugin plugin(uriOf({sentinel.address()}));
    const auto store = plugin.store();
    const auto refused = plugin.put(*store, "conformance:k", plugin.value("1"),
                                    spi::PutMode::Overwrite, {}, plugin.in(Duration(500)));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message.find("it is no master but a slave") != std::string::npos);
    CHECK(redisCommand(replica, {"EXISTS", "conformance:k"}).front() == "0");
    name(sentinel, group.masterPort());
    CHECK(
        eventually([&] { return stored(plugin.set(*store, "conformance:k", plugin.value("2"))); }));
    CHECK(redisCommand(group.masterPort(), {"EXISTS", "conformance:k"}).front() == "1");
}

TEST_CASE("SwitchMasterIsAHintThatMovesAConnectionWhichStillWorks") {
    RedisServer first;
    RedisServer second;
    Fake sentinel;
    name(sentinel, first.port());
    SentinelPlugin plugin(uriOf({sentinel.address()}));
    // So that nothing but the hint can be the reason.
    plugin.options.set("sentinel.confirm", Duration(600'000));
    const auto store = plugin.store();
    REQUIRE(stored(plugin.set(*store, "conformance:k", plugin.value("1"))));
    REQUIRE(sentinel.awaitReceived("SUBSCRIBE", 1));
    name(sentinel, second.port());
    const std::string moved = " 127.0.0.1 " + std::to_string(first.port()) + " 127.0.0.1 " +
                              std::to_string(second.port());
    const auto announce = [&](const std::string& master) {
        sentinel.push(">3\r\n" + Fake::bulk("message") + Fake::bulk("+switch-master") +
                      Fake::bulk(master + moved));
    };
    announce("another");
    CHECK(stored(plugin.set(*store, "conformance:k", plugin.value("2"))));
    CHECK(redisCommand(second.port(), {"EXISTS", "conformance:k"}).front() == "0");
    announce(kMaster);
    CHECK(eventually([&] {
        CHECK(stored(plugin.set(*store, "conformance:k", plugin.value("3"))));
        return redisCommand(second.port(), {"EXISTS", "conformance:k"}).front() == "1";
    }));
    CHECK(sentinel.surprises().empty());
}

TEST_CASE("SentinelsHaveAPasswordOfTheirOwn") {
    RedisSentinels group({}, {}, "watch@word");
    SentinelPlugin plugin(group.uri());
    const auto locked = plugin.store();
    const auto refused = plugin.get(*locked, "conformance:k");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message.find("NOAUTH") != std::string::npos);
    plugin.options.set("sentinel.password", std::string("wrong"));
    const auto wrong = plugin.get(*plugin.store(), "conformance:k");
    REQUIRE_FALSE(wrong);
    CHECK(wrong.error().message.find("WRONGPASS") != std::string::npos);
    plugin.options.set("sentinel.password", std::string("watch@word"));
    const auto store = plugin.store();
    CHECK(stored(plugin.set(*store, "conformance:k", plugin.value("1"))));
    BusEar ear(plugin.bus());
    CHECK(ear.awaitCovered());
}

TEST_CASE("TheMastersPasswordIsNotToldToSentinels") {
    RedisServer master({"--requirepass", "secret"});
    Fake sentinel;
    name(sentinel, master.port());
    SentinelPlugin plugin("redis+sentinel://:secret@" + sentinel.address() + "/" + kMaster);
    const auto store = plugin.store();
    CHECK(stored(plugin.set(*store, "conformance:k", plugin.value("1"))));
    for (const auto& command : sentinel.received())
        CHECK(std::find(command.begin(), command.end(), "secret") == command.end());
}

TEST_CASE("AddressesBehindNatAreMapped") {
    RedisServer master;
    FaultProxy door(master.port());
    Fake sentinel;
    name(sentinel, 1);
    SentinelPlugin plugin(uriOf({sentinel.address()}));
    plugin.options.set("sentinel.address_map",
                       spi::OptionValues::List{"127.0.0.1:1=" + addressOf(door.port())});
    const auto store = plugin.store();
    CHECK(stored(plugin.set(*store, "conformance:k", plugin.value("1"))));
    CHECK(door.accepted() == 1);
}

TEST_CASE("ClosingDuringAnEndlessSearchReturns") {
    SentinelPlugin plugin(uriOf({addressOf(freePort())}));
    auto store = plugin.store();
    auto ear = std::make_unique<BusEar>(plugin.bus());
    CHECK_FALSE(plugin.get(*store, "conformance:k"));
    // Silent, too: somebody waits for an answer when the end comes.
    Fake mute;
    mute.always("HELLO", Fake::holdThenSay("-ERR too late\r\n"));
    SentinelPlugin waiting(uriOf({mute.address()}));
    auto other = waiting.store();
    REQUIRE(mute.awaitReceived("HELLO", 1));
    other.reset();
    ear.reset();
    store.reset();
    CHECK(plugin.book.has("none of 1 sentinels could be asked"));
}

TEST_CASE("ConnectionStringsOfSentinelsAreTakenApartOrRefused") {
    SentinelPlugin plugin("redis+sentinel://h1:1,h2/m");
    CHECK(plugin.offer->remoteStore(plugin.context()).ok());
    for (const auto& [uri, why] : std::vector<std::pair<std::string, std::string>>{
             {"redis://h", "takes redis+sentinel://"},
             {"redis+sentinel://h1", "no master is named"},
             {"redis+sentinel://h1/m/1/2", "only /MASTER or /MASTER/DB"},
             {"redis+sentinel://h1/m/x", "db must be a number"}}) {
        plugin.options.set("connection_string", uri);
        const auto refused = plugin.offer->remoteStore(plugin.context());
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == ErrorCode::InvalidKey);
        CHECK_MESSAGE(refused.error().message.find(why) != std::string::npos,
                      refused.error().message);
    }
}
