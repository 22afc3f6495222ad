#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "Nodes.h"
#include "oxcache/conformance/Conformance.h"
#include "support/Eventually.h"
#include "support/Ports.h"
#include "support/RedisCluster.h"
#include "support/RedisPlugin.h"
#include "support/RedisSentinels.h"
#include "support/Threads.h"
#include "support/TlsFiles.h"

using namespace oxcache;
using namespace oxcache::testing;
using namespace std::chrono_literals;

namespace {

RedisCluster& cluster() {
    static RedisCluster cluster;
    return cluster;
}

RedisSentinels& sentinels() {
    static RedisSentinels sentinels;
    return sentinels;
}

conformance::StoreSubject subjectOf(RedisPlugin& plugin, std::function<void()> interrupt) {
    return {[&plugin] { return plugin.offer->remoteStore(plugin.context()); },
            [&plugin] { return plugin.offer->invalidationBus(plugin.context()); }, plugin.clock,
            [](Duration time) { std::this_thread::sleep_for(time); }, std::move(interrupt)};
}

void requireAllPassed(const std::vector<conformance::CheckResult>& results) {
    INFO(conformance::report(results));
    CHECK(conformance::allPassed(results));
    CHECK(results.size() > 10);
}

void silenceCluster() {
    for (const std::uint16_t port : cluster().masterPorts())
        redisCommand(port, {"CLIENT", "KILL", "TYPE", "pubsub"});
}

void silenceMaster() {
    redisCommand(sentinels().masterPort(), {"CLIENT", "KILL", "TYPE", "pubsub"});
}

/// Two processes write the same keys at once while `disturb` does its work; then, when it is quiet
/// and the declared bound is over, what each serves is what lies in L2.
template <class Disturb>
void checkConvergence(CacheNode& a, CacheNode& b, Disturb disturb) {
    constexpr int kKeys = 100;
    std::atomic<bool> over{false};
    const auto work = [&](CacheNode& node, const std::string& name) {
        for (int i = 0; !over; ++i) {
            const std::string key = std::to_string(i * 7 % kKeys);
            if (i % 3 == 2)
                (void)node.read(key);
            else
                node->set(key, name + std::to_string(i));
        }
    };
    {
        Joined first([&] { work(a, "a"); });
        Joined second([&] { work(b, "b"); });
        const EndOf end(over);
        disturb();
    }
    int different = kKeys;
    CHECK(eventually([&] {
        different = 0;
        for (int i = 0; i < kKeys; ++i) {
            const std::string key = std::to_string(i);
            const std::string remote = a.remote(key);
            if (a.read(key) != remote || b.read(key) != remote) ++different;
        }
        return different == 0;
    }));
    CHECK(different == 0);
    // Served from L1 again, so that it was not for want of copies.
    CHECK(eventually([&] { return a.read("0") == a.local("0") && b.read("0") == b.local("0"); }));
}

}  // namespace

TEST_CASE("TheSentinelPluginKeepsThePromisesOfAStoreAndOfABus") {
    RedisPlugin plugin(sentinels().uri(), "redis-sentinel");
    requireAllPassed(conformance::checkRemoteStore(subjectOf(plugin, silenceMaster)));
    requireAllPassed(conformance::checkInvalidationBus(subjectOf(plugin, silenceMaster)));
}

TEST_CASE("TheClusterPluginKeepsThePromisesOfAStoreAndOfABus") {
    RedisPlugin plugin(cluster().uri(), "redis-cluster");
    requireAllPassed(conformance::checkRemoteStore(subjectOf(plugin, silenceCluster)));
    requireAllPassed(conformance::checkInvalidationBus(subjectOf(plugin, silenceCluster)));
}

TEST_CASE("EveryOptionOfTheTopologiesWithADefaultHasAValueInTheTests") {
    for (const std::string name : {"redis-sentinel", "redis-cluster"}) {
        const RedisPlugin plugin("", name);
        for (const spi::OptionSpec& option : plugin.offer->options)
            CHECK_MESSAGE((option.defaultValue.empty() || plugin.options.has(option.name)),
                          option.name);
        CHECK(plugin.offer->info.name == name);
        CHECK(plugin.offer->info.kind == "l2");
    }
}

TEST_CASE("SentinelsAndTheirMasterMayEachHaveTls") {
    const TlsFiles tls;
    RedisServer master(tls, false);
    const TempFolder folder;
    const std::uint16_t port = freePort();
    std::ofstream(folder.file("sentinel.conf"))
        << "port 0\ntls-port " << port << "\nbind 127.0.0.1\ndir " << folder.path()
        << "\ntls-ca-cert-file " << tls.ca() << "\ntls-cert-file " << tls.serverCertificate()
        << "\ntls-key-file " << tls.serverKey()
        << "\ntls-auth-clients yes\nsentinel monitor m 127.0.0.1 " << master.port() << " 1\n";
    const ChildProcess sentinel({"redis-sentinel", folder.file("sentinel.conf")},
                                folder.file("log"));
    RedisPlugin plugin("redis+sentinel://localhost:" + std::to_string(port) + "/m?tls=true",
                       "redis-sentinel");
    plugin.options.set("tls_ca", tls.ca());
    plugin.options.set("tls_server_name", std::string("localhost"));
    plugin.options.set("sentinel.address_map",
                       spi::OptionValues::List{"127.0.0.1:" + std::to_string(master.port()) +
                                               "=localhost:" + std::to_string(master.tlsPort())});
    // The sentinel wants to see a certificate, the master does not.
    CHECK_FALSE(plugin.get(*plugin.store(), "conformance:k"));
    plugin.options.set("sentinel.tls_certificate", tls.clientCertificate());
    plugin.options.set("sentinel.tls_key", tls.clientKey());
    const auto store = plugin.store();
    CHECK(eventually([&] { return plugin.set(*store, "conformance:k", plugin.value("v")).ok(); }));
    CHECK(redisCommand(master.port(), {"EXISTS", "conformance:k"}).front() == "1");
    // Each is checked by its own authority.
    plugin.options.set("sentinel.tls_ca", tls.otherCa());
    const auto untrusted = plugin.get(*plugin.store(), "conformance:k");
    REQUIRE_FALSE(untrusted);
    CHECK(untrusted.error().message.find("none of 1 sentinels") != std::string::npos);
}

TEST_CASE("AClusterOfOneNodeThatDoesNotKnowItsAddressIsServedOverTls") {
    const TlsFiles tls;
    RedisServer node(tls, false, {"--cluster-enabled", "yes", "--tls-cluster", "yes"});
    redisCommand(node.port(), {"CLUSTER", "ADDSLOTSRANGE", "0", "16383"});
    REQUIRE(eventually([&] {
        return redisCommand(node.port(), {"CLUSTER", "INFO"}).front().find("cluster_state:ok") !=
               std::string::npos;
    }));
    RedisPlugin plugin("redis+cluster://localhost:" + std::to_string(node.tlsPort()) + "?tls=true",
                       "redis-cluster");
    plugin.options.set("tls_ca", tls.ca());
    const auto store = plugin.store();
    const auto put = plugin.set(*store, "conformance:k", plugin.value("v"));
    CHECK_MESSAGE(put, (put ? "" : put.error().message));
    CHECK(redisCommand(node.port(), {"EXISTS", "conformance:k"}).front() == "1");
    plugin.options.set("tls_ca", tls.otherCa());
    CHECK_FALSE(plugin.get(*plugin.store(), "conformance:k"));
}

TEST_CASE("AfterAFailoverEveryL1IsWhatTheNewMasterHolds") {
    CacheNode a(sentinels().uri(), {}, "redis-sentinel");
    CacheNode b(sentinels().uri(), {}, "redis-sentinel");
    const std::uint16_t old = sentinels().masterPort();
    checkConvergence(a, b, [&] {
        sentinels().at(old).kill();
        CHECK(sentinels().awaitMasterOtherThan(old));
        const std::uint16_t now = sentinels().masterPort();
        // Both write to it.
        CHECK(eventually([&] { return redisCommand(now, {"EXISTS", "s:0"}).front() == "1"; }));
    });
    sentinels().at(old).start();
}

TEST_CASE("AfterReshardingAndAFailoverEveryL1IsWhatTheClusterHolds") {
    CacheNode a(cluster().uri(), {}, "redis-cluster");
    CacheNode b(cluster().uri(), {}, "redis-cluster");
    checkConvergence(a, b, [&] {
        // Slots of keys that are written, one of them a channel's.
        for (const std::string key : {"s:1", "s:2", "s:3", "{0}"}) {
            const std::uint16_t slot = RedisCluster::slotOf(key);
            const std::uint16_t from = cluster().masterPortOf(slot);
            for (const std::uint16_t to : cluster().masterPorts())
                if (to != from) {
                    cluster().move(slot, to);
                    break;
                }
        }
    });
    checkConvergence(a, b, [&] {
        const std::uint16_t dead = cluster().masterPortOf(RedisCluster::slotOf("s:1"));
        cluster().at(dead).kill();
        CHECK(cluster().awaitReady());
        cluster().at(dead).start();
        CHECK(cluster().awaitReady());
    });
}

TEST_CASE("InAClusterAStrangersWriteReachesEveryL1WhicheverNodeHasTheKey") {
    CacheNode a(cluster().uri(), {"coherence = tracking", "l2.format = raw"}, "redis-cluster");
    const auto setAt = [&](const std::string& key, const std::string& value) {
        const std::uint16_t port = cluster().masterPortOf(RedisCluster::slotOf("s:" + key));
        CHECK(redisCommand(port, {"SET", "s:" + key, value}).front() == "OK");
    };
    const auto warm = [&](const std::string& key, const std::string& value) {
        return eventually([&] { return a.read(key) == value && a.local(key) == value; });
    };
    std::set<std::uint16_t> nodes;
    for (int i = 0; i < 12; ++i) {
        const std::string key = "t" + std::to_string(i);
        setAt(key, "one");
        REQUIRE(warm(key, "one"));
        setAt(key, "two");
        CHECK(eventually([&] { return a.read(key) == "two"; }));
        nodes.insert(cluster().masterPortOf(RedisCluster::slotOf("s:" + key)));
    }
    CHECK(nodes.size() == 3);
    // The slot of a key that lies in L1 moves; a stranger writes through its new owner.
    const std::string key = "t0";
    const std::uint16_t slot = RedisCluster::slotOf("s:" + key);
    REQUIRE(warm(key, "two"));
    for (const std::uint16_t to : cluster().masterPorts())
        if (to != cluster().masterPortOf(slot)) {
            cluster().move(slot, to);
            break;
        }
    setAt(key, "three");
    CHECK(eventually([&] { return a.read(key) == "three"; }));
}
