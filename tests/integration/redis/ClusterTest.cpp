#include <doctest/doctest.h>

#include <array>
#include <atomic>

#include "support/BusEar.h"
#include "support/RedisCluster.h"
#include "support/RedisPlugin.h"
#include "support/Threads.h"

using namespace oxcache;
using namespace oxcache::testing;

namespace {

struct ClusterPlugin : RedisPlugin {
    explicit ClusterPlugin(const std::string& uri) : RedisPlugin(uri, "redis-cluster") {}
};

/// One for all cases: each leaves it as it found it, but for who is master.
RedisCluster& cluster() {
    static RedisCluster cluster;
    return cluster;
}

std::string keyOf(int number) { return "conformance:k" + std::to_string(number); }

/// A key in the slot, with a hash tag.
std::string keyIn(std::uint16_t slot) {
    for (int number = 0;; ++number)
        if (RedisCluster::slotOf(std::to_string(number)) == slot)
            return "conformance:{" + std::to_string(number) + "}";
}

bool stored(const Result<spi::PutOutcome>& outcome) {
    return outcome && *outcome == spi::PutOutcome::Stored;
}

std::string payloadOf(const Result<Bytes>& read) {
    if (!read) return "error: " + read.error().message;
    return read->empty() ? "nothing" : std::string(read->substr(envelope::kHeaderSize));
}

/// Many keys, and a check that a batch of them gives every value in its place.
struct Batch {
    Batch(ClusterPlugin& owner, int count) : plugin(owner) {
        for (int i = 0; i < count; ++i) {
            keys.push_back(keyOf(i));
            envelopes.push_back(plugin.value("v" + std::to_string(i)));
        }
    }
    void put(spi::RemoteStore& store) const {
        const auto outcomes = store.put(plugin.putsOf(keys, envelopes), plugin.soon());
        REQUIRE(outcomes.size() == keys.size());
        for (std::size_t i = 0; i < keys.size(); ++i)
            CHECK_MESSAGE(stored(outcomes[i]),
                          keys[i] << (outcomes[i] ? "" : outcomes[i].error().message));
    }
    /// The first that is not as it should be, or nothing.
    std::string wrong(spi::RemoteStore& store) const {
        const std::vector<Key> names(keys.begin(), keys.end());
        const auto values = store.get(names, plugin.soon());
        for (std::size_t i = 0; i < keys.size(); ++i)
            if (payloadOf(values[i]) != "v" + std::to_string(i))
                return keys[i] + ": " + payloadOf(values[i]);
        return {};
    }

    ClusterPlugin& plugin;
    std::vector<std::string> keys;
    std::vector<Bytes> envelopes;
};

/// Threads that write rising numbers to keys of their own and read each back at once, in batches,
/// with and without leases, until the end.
class RisingLoad {
public:
    RisingLoad(spi::RemoteStore& store, const std::vector<std::string>& keys) : store_(store) {
        for (std::size_t thread = 0; thread < kThreads; ++thread)
            threads_.push_back(std::make_unique<Joined>([this, thread, &keys] {
                std::vector<std::string> mine;
                for (std::size_t i = thread; i < keys.size(); i += kThreads)
                    mine.push_back(keys[i]);
                ClusterPlugin own(cluster().uri());
                for (int number = 1; !over_ && wrong_[thread].empty(); ++number) {
                    wrong_[thread] = round(own, mine, number);
                    ++rounds_;
                }
            }));
    }
    ~RisingLoad() { end(); }

    /// Returns when it has gone on for a while.
    bool someRounds() const {
        const int before = rounds_;
        return eventually([&] { return rounds_ >= before + 20; });
    }
    /// What each thread met that it should not have; empty where nothing.
    const std::array<std::string, 4>& end() {
        over_ = true;
        threads_.clear();
        return wrong_;
    }

private:
    static constexpr std::size_t kThreads = 4;

    std::string round(ClusterPlugin& own, const std::vector<std::string>& mine, int number) {
        const std::string payload = std::to_string(number);
        std::vector<Bytes> envelopes;
        for (std::size_t i = 0; i < mine.size(); ++i) envelopes.push_back(own.value(payload));
        const auto outcomes = store_.put(own.putsOf(mine, envelopes), own.soon());
        const std::vector<Key> names(mine.begin(), mine.end());
        const auto values =
            number % 2 == 0
                ? store_.get(names, own.soon())
                : store_.lease(names, {own.version(), own.clock.wallMs() + 5000}, own.soon());
        for (std::size_t i = 0; i < mine.size(); ++i) {
            if (!stored(outcomes[i]))
                return "put: " + (outcomes[i] ? "refused" : outcomes[i].error().message);
            if (payloadOf(values[i]) != payload)
                return mine[i] + ": " + payloadOf(values[i]) + " instead of " + payload;
        }
        return {};
    }

    spi::RemoteStore& store_;
    std::atomic<bool> over_{false};
    std::atomic<int> rounds_{0};
    std::array<std::string, kThreads> wrong_;
    std::vector<std::unique_ptr<Joined>> threads_;
};

}  // namespace

TEST_CASE("BatchesGoToAllNodesAndComeBackInOrder") {
    ClusterPlugin plugin(cluster().uri());
    const auto store = plugin.store();
    const Batch batch(plugin, 1000);
    batch.put(*store);
    CHECK(batch.wrong(*store) == "");
    // One write and one read for each node, not for each key.
    CHECK(plugin.counterOf(*store, "flushes") < 40);
    int nodes = 0;
    for (const std::uint16_t port : cluster().masterPorts())
        if (cluster().ask(port, {"DBSIZE"}).front() != "0") ++nodes;
    CHECK(nodes == 3);
}

TEST_CASE("ClearByPrefixReachesAllMasters") {
    ClusterPlugin plugin(cluster().uri());
    const auto store = plugin.store();
    Batch(plugin, 300).put(*store);
    REQUIRE(cluster()
                .ask(cluster().masterPortOf(RedisCluster::slotOf("other")), {"SET", "other", "x"})
                .front() == "OK");
    // Every value's generation differs from this one.
    std::uint64_t swept = 0;
    for (;;) {
        const auto some = store->sweep("conformance:", 77, plugin.soon());
        REQUIRE(some);
        if (*some == 0) break;
        swept += *some;
    }
    CHECK(swept >= 300);
    for (const std::uint16_t port : cluster().masterPorts())
        CHECK(cluster().ask(port, {"KEYS", "conformance:k*"}).empty());
    CHECK(cluster()
              .ask(cluster().masterPortOf(RedisCluster::slotOf("other")), {"GET", "other"})
              .front() == "x");
}

TEST_CASE("AMovedSlotIsFollowedAndItsRangeIsTold") {
    ClusterPlugin plugin(cluster().uri());
    const auto store = plugin.store();
    BusEar ear(plugin.bus());
    REQUIRE(ear.awaitCovered());
    const std::string key = keyIn(1000);
    REQUIRE(stored(plugin.set(*store, key, plugin.value("1"))));
    const std::uint16_t from = cluster().masterPortOf(1000);
    const std::uint16_t to = cluster().masterPortOf(16000);
    REQUIRE(from != to);
    cluster().move(1000, to);
    CHECK(payloadOf(plugin.get(*store, key)) == "1");
    CHECK(stored(plugin.set(*store, key, plugin.value("2"))));
    CHECK(redisCommand(to, {"EXISTS", key}).front() == "1");
    CHECK(eventually([&] { return ear.gapOf(1000 / 256); }));
    CHECK(ear.awaitHeard(key));
    CHECK(ear.losses() == 0);
    cluster().move(1000, from);
    CHECK(payloadOf(plugin.get(*store, key)) == "2");
    CHECK(cluster().awaitReady());
}

TEST_CASE("WhileASlotMigratesUnderLoadEveryValueIsRight") {
    ClusterPlugin plugin(cluster().uri());
    const auto store = plugin.store();
    const std::uint16_t slot = 2000;
    const std::uint16_t from = cluster().masterPortOf(slot);
    const std::uint16_t to = cluster().masterPortOf(16000);
    REQUIRE(from != to);
    constexpr int kKeys = 200;
    std::vector<std::string> keys;
    for (int i = 0; i < kKeys; ++i) keys.push_back(keyIn(slot) + std::to_string(i));
    for (const std::string& key : keys) REQUIRE(stored(plugin.set(*store, key, plugin.value("0"))));
    RisingLoad load(*store, keys);
    CHECK(load.someRounds());
    cluster().beginMove(slot, to);
    CHECK(load.someRounds());
    // Half of the keys here, half there: ASK.
    CHECK(cluster().moveKeys(slot, to, kKeys / 2) == kKeys / 2);
    CHECK(load.someRounds());
    while (cluster().moveKeys(slot, to, 100) > 0) {
    }
    CHECK(load.someRounds());
    cluster().endMove(slot, to);
    CHECK(load.someRounds());
    for (const std::string& problem : load.end()) CHECK(problem == "");
    // It was not for nothing.
    CHECK(cluster().ask(to, {"INFO", "commandstats"}).front().find("cmdstat_asking") !=
          std::string::npos);
    CHECK(plugin.counterOf(*store, "connections_lost") == 0);
    cluster().move(slot, from);
    CHECK(cluster().awaitReady());
}

TEST_CASE("ANodeAddedAndRemovedLosesNothingAndKeepsTheOrder") {
    ClusterPlugin plugin(cluster().uri());
    const auto store = plugin.store();
    BusEar ear(plugin.bus());
    REQUIRE(ear.awaitCovered());
    const Batch batch(plugin, 1000);
    batch.put(*store);
    std::atomic<bool> over{false};
    std::string wrong;
    Joined reader([&] {
        while (!over && wrong.empty()) wrong = batch.wrong(*store);
    });
    const EndOf end(over);
    RedisServer& added = cluster().addNode();
    const std::uint16_t port = added.port();
    // Slots of which some are a channel's, so that the bus has to move as well.
    std::vector<std::uint16_t> slots;
    for (std::uint16_t slot = 100; slot < 140; ++slot) slots.push_back(slot);
    slots.push_back(RedisCluster::slotOf("{0}"));
    std::map<std::uint16_t, std::uint16_t> before;
    for (const std::uint16_t slot : slots) {
        before[slot] = cluster().masterPortOf(slot);
        cluster().move(slot, port);
    }
    const std::string key = keyIn(120);
    CHECK(stored(plugin.set(*store, key, plugin.value("x"))));
    CHECK(redisCommand(port, {"EXISTS", key}).front() == "1");
    CHECK(cluster().awaitReady());
    CHECK(ear.awaitCovered());
    CHECK(eventually([&] {
        const std::string later = keyIn(121);
        CHECK(stored(plugin.set(*store, later, plugin.value("y"))));
        return ear.heard(later);
    }));
    for (const std::uint16_t slot : slots) cluster().move(slot, before[slot]);
    CHECK(cluster().awaitReady());
    cluster().removeNode(port);
    CHECK(cluster().awaitReady());
    CHECK(batch.wrong(*store) == "");
    over = true;
    reader.join();
    CHECK(wrong == "");
    CHECK(payloadOf(plugin.get(*store, key)) == "x");
    CHECK(ear.awaitCovered());
}

TEST_CASE("KillingAMasterLeavesTheOthersAloneAndRecoversWithTheFailover") {
    ClusterPlugin plugin(cluster().uri());
    const auto store = plugin.store();
    BusEar ear(plugin.bus());
    REQUIRE(ear.awaitCovered());
    const std::uint16_t slot = 5000;
    const std::uint16_t dead = cluster().masterPortOf(slot);
    const std::string hit = keyIn(slot);
    const std::string other = keyIn(16000);
    REQUIRE(cluster().masterPortOf(16000) != dead);
    REQUIRE(stored(plugin.set(*store, hit, plugin.value("1"))));
    REQUIRE(stored(plugin.set(*store, other, plugin.value("1"))));
    cluster().at(dead).kill();
    int failed = 0;
    CHECK(eventually([&] {
        // Nobody else is slower or wrong for it, until the cluster itself says that it is down.
        const auto elsewhere = plugin.get(*store, other, plugin.in(Duration(500)));
        if (!elsewhere)
            CHECK_MESSAGE(elsewhere.error().message.find("CLUSTERDOWN") != std::string::npos,
                          elsewhere.error().message);
        const auto put = plugin.put(*store, hit, plugin.value("2"), spi::PutMode::Overwrite, {},
                                    plugin.in(Duration(500)));
        if (!stored(put)) ++failed;
        return stored(put);
    }));
    CHECK(failed > 0);
    CHECK(payloadOf(plugin.get(*store, hit)) == "2");
    CHECK(payloadOf(plugin.get(*store, other)) == "1");
    CHECK(ear.losses() > 0);
    CHECK(ear.awaitCovered());
    CHECK(eventually([&] {
        CHECK(stored(plugin.set(*store, hit, plugin.value("3"))));
        return ear.heard(hit);
    }));
    cluster().at(dead).start();
    CHECK(cluster().awaitReady());
}

TEST_CASE("AllNodesDownAndBackIsRecoveredThroughTheSeeds") {
    ClusterPlugin plugin(cluster().uri());
    const auto store = plugin.store();
    const std::string key = keyIn(7000);
    REQUIRE(stored(plugin.set(*store, key, plugin.value("1"))));
    for (const auto& server : cluster().servers()) server->kill();
    const auto refused = plugin.get(*store, key, plugin.in(Duration(300)));
    CHECK_FALSE(refused);
    for (const auto& server : cluster().servers()) server->start();
    CHECK(cluster().awaitReady());
    CHECK(eventually([&] { return stored(plugin.set(*store, key, plugin.value("2"))); }));
    CHECK(payloadOf(plugin.get(*store, key)) == "2");
}
