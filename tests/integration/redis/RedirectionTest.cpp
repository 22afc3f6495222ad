#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <fstream>

#include "redis-cluster/SlotHash.h"
#include "support/BusEar.h"
#include "support/Eventually.h"
#include "support/FakeRedisServer.h"
#include "support/FaultProxy.h"
#include "support/Ports.h"
#include "support/RedisPlugin.h"
#include "support/Threads.h"

using namespace oxcache;
using namespace oxcache::testing;

namespace {

using Fake = FakeRedisServer;

struct ClusterPlugin : RedisPlugin {
    explicit ClusterPlugin(const Fake& seed)
        : RedisPlugin("redis+cluster://" + seed.address(), "redis-cluster") {}
};

/// One row of CLUSTER SLOTS.
std::string rangeAt(int from, int to, const std::string& host, int port) {
    return Fake::array(
        {":" + std::to_string(from) + "\r\n", ":" + std::to_string(to) + "\r\n",
         Fake::array({Fake::bulk(host), ":" + std::to_string(port) + "\r\n", Fake::bulk("id")})});
}

std::string allAt(const Fake& node) {
    return Fake::array({rangeAt(0, 16383, "127.0.0.1", node.port())});
}

/// Nodes that know the messages of a store, and say that this node serves everything.
void prepare(std::initializer_list<Fake*> nodes, const Fake& owner) {
    for (Fake* node : nodes) {
        node->always("PUBLISH", Fake::say(":0\r\n"));
        node->always("SPUBLISH", Fake::say(":0\r\n"));
        node->always("ASKING", Fake::say("+OK\r\n"));
        node->always("COMMAND INFO",
                     Fake::say(Fake::array({Fake::array({Fake::bulk("spublish")})})));
        node->always("CLUSTER SLOTS", Fake::say(allAt(owner)));
    }
}

std::string moved(Key key, const std::string& where) {
    return "-MOVED " + std::to_string(redis::slotOf(key)) + " " + where + "\r\n";
}

const std::string kKey = "conformance:k";

bool hasIpv6Loopback() {
    std::ifstream in("/proc/net/if_inet6");
    for (std::string line; std::getline(in, line);)
        if (line.starts_with("00000000000000000000000000000001 ")) return true;
    return false;
}

}  // namespace

TEST_CASE("AThousandConcurrentRedirectionsAskForTheMapOnce") {
    Fake a, b;
    prepare({&a, &b}, a);
    ClusterPlugin plugin(a);
    a.always("GET", [&](const Fake::Command& command, std::uint64_t) {
        return Fake::say(moved(command[1], b.address()));
    });
    b.always("GET", Fake::say("$-1\r\n"));
    const auto store = plugin.store();
    // The first question, for there is no map yet.
    b.always("CLUSTER SLOTS", Fake::say(allAt(b)));
    REQUIRE(plugin.get(*store, kKey));
    REQUIRE(a.received("CLUSTER SLOTS").size() == 1);
    REQUIRE(b.awaitReceived("CLUSTER SLOTS", 1));
    // Now all is at b. It moves back, and a thousand find out at once.
    b.always("GET", [&](const Fake::Command& command, std::uint64_t) {
        return Fake::say(moved(command[1], a.address()));
    });
    a.always("GET", Fake::say("$-1\r\n"));
    a.always("CLUSTER SLOTS", Fake::say(allAt(a)));
    std::atomic<int> good{0};
    together(10, [&](int thread) {
        std::vector<std::string> names;
        for (int i = 0; i < 100; ++i) names.push_back(kKey + std::to_string(100 * thread + i));
        const std::vector<Key> keys(names.begin(), names.end());
        for (const auto& value : store->get(keys, plugin.soon())) good += value.ok() ? 1 : 0;
    });
    CHECK(good == 1000);
    CHECK(a.received("GET").size() >= 1000);
    REQUIRE(a.awaitReceived("CLUSTER SLOTS", 2));
    // Who comes now meets the new map, and nobody asks again.
    CHECK(plugin.get(*store, kKey));
    CHECK(a.received("CLUSTER SLOTS").size() + b.received("CLUSTER SLOTS").size() == 3);
    CHECK(a.surprises().empty());
    CHECK(b.surprises().empty());
}

TEST_CASE("EndlessRedirectionsEndWithAnErrorForReadsAndWrites") {
    Fake a, b;
    prepare({&a, &b}, a);
    for (const std::string name : {"GET", "SET"}) {
        a.always(name, Fake::say(moved(kKey, b.address())));
        b.always(name, Fake::say(moved(kKey, a.address())));
    }
    ClusterPlugin plugin(a);
    const auto store = plugin.store();
    const auto read = plugin.get(*store, kKey);
    REQUIRE_FALSE(read);
    CHECK(read.error().code == ErrorCode::Unavailable);
    CHECK(read.error().message.find("MOVED") != std::string::npos);
    CHECK(a.received("GET").size() + b.received("GET").size() == 6);
    CHECK_FALSE(plugin.set(*store, kKey, plugin.value("v")));
    CHECK(a.received("SET").size() + b.received("SET").size() == 6);
}

TEST_CASE("RedirectedToTheSameAddressTheConnectionIsMadeAnew") {
    Fake a;
    prepare({&a}, a);
    a.once("GET", Fake::say(moved(kKey, a.address())));
    a.always("GET", Fake::say("$-1\r\n"));
    ClusterPlugin plugin(a);
    const auto store = plugin.store();
    CHECK(plugin.get(*store, kKey));
    CHECK(plugin.counterOf(*store, "connects") == 2);
}

TEST_CASE("RedirectedToNowhereTheMapIsAskedFor") {
    Fake a, b;
    prepare({&a, &b}, a);
    a.once("GET", Fake::say(moved(kKey, "?:7000")));
    a.always("GET", Fake::say("$-1\r\n"));
    ClusterPlugin plugin(a);
    const auto store = plugin.store();
    CHECK(plugin.get(*store, kKey));
    REQUIRE(a.awaitReceived("CLUSTER SLOTS", 2));
    CHECK(a.received("GET").size() == 2);
}

TEST_CASE("AnEmptyHostIsTheOneThatAnswered") {
    Fake a, b;
    prepare({&a, &b}, a);
    const std::string port = std::to_string(b.port());
    a.once("GET", Fake::say(moved(kKey, ":" + port)));
    a.once("GET", Fake::say("-ASK " + std::to_string(redis::slotOf(kKey)) + " :" + port + "\r\n"));
    b.always("GET", Fake::say("$-1\r\n"));
    ClusterPlugin plugin(a);
    const auto store = plugin.store();
    CHECK(plugin.get(*store, kKey));
    CHECK(b.received("GET").size() == 1);
    CHECK(b.received("ASKING").empty());
    CHECK(plugin.get(*store, kKey));
    CHECK(b.received("GET").size() == 2);
}

TEST_CASE("RedirectionsToAnIpv6AddressAreFollowedThere") {
    if (!hasIpv6Loopback()) {
        MESSAGE("/proc/net/if_inet6 has no ::1: this machine cannot be redirected to it");
        return;
    }
    RedisServer real({"--bind", "127.0.0.1", "::1", "--cluster-enabled", "yes"});
    real.command({"CLUSTER", "ADDSLOTSRANGE", "0", "16383"});
    REQUIRE(eventually([&] {
        return real.command({"CLUSTER", "INFO"}).find("cluster_state:ok") != std::string::npos;
    }));
    // Servers write an address of either kind before the last colon, without brackets.
    const std::string there = "::1:" + std::to_string(real.port());
    Fake a;
    prepare({&a}, a);
    ClusterPlugin plugin(a);
    a.once("SET", Fake::say(moved(kKey, there)));
    CHECK(plugin.set(*plugin.store(), kKey, plugin.value("moved")));
    a.once("GET", Fake::say("-ASK " + std::to_string(redis::slotOf(kKey)) + " " + there + "\r\n"));
    const auto store = plugin.store();
    const auto read = plugin.get(*store, kKey);
    REQUIRE(read);
    CHECK(read->substr(envelope::kHeaderSize) == "moved");
    const std::string clients = real.command({"CLIENT", "LIST"});
    CHECK_MESSAGE(clients.find("laddr=[::1]:" + std::to_string(real.port())) != std::string::npos,
                  clients);
    // A map whose rows name such an address is followed as well.
    a.always("CLUSTER SLOTS", Fake::say(Fake::array({rangeAt(0, 16383, "::1", real.port())})));
    const auto other = plugin.store();
    CHECK(plugin.get(*other, kKey));
    CHECK(a.surprises().empty());
}

TEST_CASE("AskingGoesRightBeforeTheCommandAndSurvivesALostConnection") {
    Fake a, b;
    prepare({&a, &b}, a);
    const std::string ask =
        "-ASK " + std::to_string(redis::slotOf(kKey)) + " " + b.address() + "\r\n";
    a.always("GET", Fake::say(ask));
    a.always("SET", Fake::say(ask));
    b.once("GET", Fake::sayAndClose(""));
    b.always("GET", Fake::say("$-1\r\n"));
    b.always("SET", Fake::say("+OK\r\n"));
    ClusterPlugin plugin(a);
    const auto store = plugin.store();
    CHECK(plugin.get(*store, kKey));
    CHECK(plugin.set(*store, kKey, plugin.value("v")));
    const auto commands = b.received();
    int asked = 0;
    for (std::size_t i = 1; i < commands.size(); ++i)
        if (commands[i][0] == "GET" || commands[i][0] == "SET") {
            CHECK(commands[i - 1][0] == "ASKING");
            ++asked;
        }
    CHECK(asked == 3);
    // The map is none the wiser, and need not be.
    CHECK(a.received("CLUSTER SLOTS").size() <= 2);
}

TEST_CASE("AWriteThatMayHaveArrivedIsNotSentToTheNextNode") {
    Fake a;
    prepare({&a}, a);
    a.always("SET", Fake::sayAndClose(""));
    ClusterPlugin plugin(a);
    const auto store = plugin.store();
    const auto put = plugin.set(*store, kKey, plugin.value("v"));
    REQUIRE_FALSE(put);
    CHECK(put.error().code == ErrorCode::Unavailable);
    CHECK(a.received("SET").size() == 1);
}

TEST_CASE("LaterMeansLaterAndDownIsAskedAgainUntilTheDeadline") {
    Fake a;
    prepare({&a}, a);
    for (const std::string later :
         {"-TRYAGAIN Multiple keys request during rehashing of slot\r\n",
          "-CLUSTERDOWN The cluster is down\r\n", "-CLUSTERDOWN Hash slot not served\r\n",
          "-LOADING Redis is loading the dataset in memory\r\n",
          "-MASTERDOWN Link with MASTER is down\r\n"})
        a.once("SET", Fake::say(later));
    a.always("SET", Fake::say("+OK\r\n"));
    ClusterPlugin plugin(a);
    const auto store = plugin.store();
    CHECK(plugin.set(*store, kKey, plugin.value("v")));
    CHECK(a.received("SET").size() == 6);

    a.always("GET", Fake::say("-CLUSTERDOWN The cluster is down\r\n"));
    const auto down = plugin.get(*store, kKey, plugin.in(Duration(300)));
    REQUIRE_FALSE(down);
    CHECK(down.error().message.find("CLUSTERDOWN The cluster is down") != std::string::npos);
    CHECK(a.received("GET").size() >= 3);

    // What is wrong with the command itself is not tried again.
    a.always("GET", Fake::say("-CROSSSLOT Keys in request don't hash to the same slot\r\n"));
    const std::size_t before = a.received("GET").size();
    CHECK_FALSE(plugin.get(*store, kKey));
    CHECK(a.received("GET").size() == before + 1);
}

TEST_CASE("SlotsThatNobodyServesAreAnErrorThatSaysSo") {
    Fake a;
    prepare({&a}, a);
    const int slot = redis::slotOf(kKey);
    a.always("CLUSTER SLOTS",
             Fake::say(Fake::array({rangeAt(0, slot - 1, "127.0.0.1", a.port())})));
    ClusterPlugin plugin(a);
    const auto store = plugin.store();
    const auto read = plugin.get(*store, kKey);
    REQUIRE_FALSE(read);
    CHECK(read.error().message.find("no node serves slot " + std::to_string(slot)) !=
          std::string::npos);
    CHECK(a.received("GET").empty());
}

TEST_CASE("SeedsThatAreDeadOrSilentOrNoClusterAreSteppedOver") {
    Fake silent, alone, a;
    silent.always("HELLO", Fake::holdThenSay("-ERR too late\r\n"));
    alone.always("COMMAND INFO", Fake::say("*1\r\n*-1\r\n"));
    alone.always("CLUSTER SLOTS", Fake::say("-ERR This instance has cluster support disabled\r\n"));
    prepare({&a}, a);
    a.always("GET", Fake::say("$-1\r\n"));
    ClusterPlugin plugin(a);
    plugin.options.set("connection_string",
                       "redis+cluster://127.0.0.1:" + std::to_string(freePort()) + "," +
                           silent.address() + "," + alone.address() + "," + a.address());
    const auto store = plugin.store();
    CHECK(plugin.get(*store, kKey));

    plugin.options.set("connection_string", "redis+cluster://" + alone.address());
    const auto nobody = plugin.get(*plugin.store(), kKey);
    REQUIRE_FALSE(nobody);
    CHECK(nobody.error().message.find("cluster support disabled") != std::string::npos);
}

TEST_CASE("ServersWithoutShardedChannelsAreToldAndHeardByThePlainOne") {
    for (const bool sharded : {true, false}) {
        Fake a;
        prepare({&a}, a);
        if (!sharded) a.always("COMMAND INFO", Fake::say("*1\r\n*-1\r\n"));
        a.always("SET", Fake::say("+OK\r\n"));
        for (const std::string subscribe : {"SUBSCRIBE", "SSUBSCRIBE"})
            a.always(subscribe, [](const Fake::Command& command, std::uint64_t) {
                const bool shard = command[0] == "SSUBSCRIBE";
                return Fake::say(">3\r\n" + Fake::bulk(shard ? "ssubscribe" : "subscribe") +
                                 Fake::bulk(command[1]) + ":1\r\n");
            });
        ClusterPlugin plugin(a);
        const auto store = plugin.store();
        BusEar ear(plugin.bus());
        CHECK(ear.awaitCovered());
        CHECK(plugin.set(*store, kKey, plugin.value("v")));
        CHECK(a.received("SSUBSCRIBE").size() == (sharded ? 64 : 0));
        CHECK(a.received("SUBSCRIBE").size() == 1);
        CHECK(a.received("SPUBLISH").empty() == !sharded);
        CHECK(a.received("PUBLISH").empty() == sharded);
        CHECK(a.surprises().empty());
    }
}

TEST_CASE("NodesBehindNatAreReachedByTheirMappedAddress") {
    Fake a;
    prepare({&a}, a);
    a.always("GET", Fake::say("$-1\r\n"));
    a.always("CLUSTER SLOTS", Fake::say(Fake::array({rangeAt(0, 16383, "10.255.255.1", 7000)})));
    ClusterPlugin plugin(a);
    plugin.options.set("cluster.address_map",
                       spi::OptionValues::List{"10.255.255.1:7000=" + a.address()});
    const auto store = plugin.store();
    CHECK(plugin.get(*store, kKey));
    CHECK(a.received("GET").size() == 1);
}

TEST_CASE("ConnectionStringsOfClustersAreTakenApartOrRefused") {
    Fake a;
    ClusterPlugin plugin(a);
    for (const auto& [uri, why] : std::vector<std::pair<std::string, std::string>>{
             {"redis://h", "takes redis+cluster://"},
             {"redis+cluster://h/1", "no numbered databases"},
             {"redis+cluster://h?db=1", "no numbered databases"}}) {
        plugin.options.set("connection_string", uri);
        const auto refused = plugin.offer->remoteStore(plugin.context());
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == ErrorCode::InvalidKey);
        CHECK_MESSAGE(refused.error().message.find(why) != std::string::npos,
                      refused.error().message);
    }
}

TEST_CASE("ClosingWhileNobodyAnswersReturns") {
    Fake mute;
    mute.always("HELLO", Fake::holdThenSay("-ERR too late\r\n"));
    ClusterPlugin plugin(mute);
    auto store = plugin.store();
    auto bus = plugin.bus();
    REQUIRE(mute.awaitReceived("HELLO", 2));
    store.reset();
    bus.reset();
    CHECK(mute.accepted() >= 2);
}
