#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "Nodes.h"
#include "support/Eventually.h"
#include "support/FaultProxy.h"
#include "support/RedisPlugin.h"

using namespace oxcache;
using namespace oxcache::testing;
using namespace std::chrono_literals;

namespace {

constexpr int kRounds = 2;
constexpr Duration kBeat{500};
constexpr Duration kReorder{150};
constexpr Duration kNap{2};
/// How late a thread may be on a machine with other work, beyond what the naps show.
constexpr Duration kLate{100};

std::vector<std::string> paced(std::vector<std::string> options = {}) {
    options.push_back("l2.bus.beat = " + std::to_string(kBeat.count()) + "ms");
    options.push_back("l2.bus.reorder = " + std::to_string(kReorder.count()) + "ms");
    return options;
}

/// What the product declares at that pace.
Duration declared(const RedisServer& server, const std::string& coherence) {
    RedisPlugin plugin(server.uri());
    plugin.options.set("bus.beat", kBeat);
    plugin.options.set("bus.reorder", kReorder);
    spi::ExtensionContext context = plugin.context();
    context.coherence = coherence;
    const auto bus = plugin.offer->invalidationBus(context);
    if (!bus) throw std::runtime_error(bus.error().message);
    return (*bus)->stalenessBound();
}

/// How long a reader went on serving the old value: in time, and in the naps of 2 ms that it took
/// between two looks. Time that the machine gives to others passes without a nap, so that the naps
/// are what the declared bound can be held against on a machine with other work.
class Staleness {
public:
    /// Right before the write that nobody hears of.
    void writes() { begun_ = std::chrono::steady_clock::now(); }
    /// Looks until the old value is no longer served.
    template <class F>
    void look(F servesOld) {
        Duration naps{0};
        auto last = begun_;
        while (servesOld()) {
            last = std::chrono::steady_clock::now();
            if (last - begun_ > 60s) throw std::runtime_error("the old value is served for ever");
            std::this_thread::sleep_for(kNap);
            naps += kNap;
        }
        counted_ = std::max(counted_, naps);
        elapsed_ = std::max(elapsed_, std::chrono::duration_cast<Duration>(last - begun_));
    }
    void check(const std::string& what, Duration bound) const {
        MESSAGE(what << ": old for " << elapsed_.count() << " ms at most (" << counted_.count()
                     << " ms in naps); declared: " << bound.count() << " ms");
        CHECK(elapsed_ > 0ms);
        CHECK(counted_ <= bound + kLate);
    }

private:
    std::chrono::steady_clock::time_point begun_{};
    Duration counted_{0};
    Duration elapsed_{0};
};

/// A network that falls silent: nothing is heard, not even that nothing can be heard. A reader for
/// each round: what is admitted before its bus covers lives for max_staleness, which is another
/// bound.
void measureSilence(const std::string& coherence) {
    RedisServer server;
    CacheNode writer(server.uri(), paced({"coherence = " + coherence}));
    Staleness staleness;
    for (int round = 0; round < kRounds; ++round) {
        FaultProxy proxy(server.port());
        CacheNode reader(proxy.uri(), paced({"coherence = " + coherence, "deadline = 500ms"}));
        REQUIRE(covered(reader));
        REQUIRE(writer->set("k", std::string("old")).status == WriteStatus::Stored);
        REQUIRE(warm(reader, "k", "old"));
        proxy.swallow(true);
        staleness.writes();
        REQUIRE(writer->set("k", std::string("new")).status == WriteStatus::Stored);
        staleness.look([&] {
            const auto found = reader->lookup<std::string>("k");
            return found.outcome == Outcome::Hit && found.value == "old";
        });
        proxy.swallow(false);
        proxy.drop();
        CHECK(eventually([&] { return reader.read("k") == "new"; }));
    }
    staleness.check("a silent network, " + coherence, declared(server, coherence));
}

}  // namespace

TEST_CASE("AfterTheLastMessageWasLostNothingOldIsServedBeyondTheDeclaredBound") {
    RedisServer server;
    FaultProxy proxy(server.port());
    CacheNode writer(server.uri(), paced()), reader(proxy.uri(), paced());
    REQUIRE(covered(reader));
    Staleness staleness;
    for (int round = 0; round < kRounds; ++round) {
        const std::string key = std::to_string(round);
        REQUIRE(writer->set(key, std::string("old")).status == WriteStatus::Stored);
        REQUIRE(warm(reader, key, "old"));
        proxy.loseReplyWith("s:" + key);
        staleness.writes();
        REQUIRE(writer->set(key, std::string("new")).status == WriteStatus::Stored);
        staleness.look([&] { return reader.read(key) == "old"; });
        CHECK(proxy.found() == static_cast<std::uint64_t>(round) + 1);
        CHECK(reader.read(key) == "new");
    }
    staleness.check("the last message lost", declared(server, "pubsub"));
}

TEST_CASE("AfterAWriterFellSilentBeforeItsMessageNothingOldIsServedBeyondTheDeclaredBound") {
    RedisServer server;
    FaultProxy proxy(server.port());
    CacheNode writer(proxy.uri(), paced()), reader(server.uri(), paced());
    REQUIRE(covered(reader));
    Staleness staleness;
    for (int round = 0; round < kRounds; ++round) {
        const std::string key = std::to_string(round);
        REQUIRE(eventually(
            [&] { return writer->set(key, std::string("old")).status == WriteStatus::Stored; }));
        REQUIRE(warm(reader, key, "old"));
        // The SET arrives and the PUBLISH does not; nor does any beat that would tell of it. Where
        // it was a beat that was cut, once more.
        REQUIRE(eventually([&] {
            proxy.refuse(true);
            proxy.cutRequestBefore("PUBLISH");
            staleness.writes();
            writer->set(key, std::string("new"));
            proxy.drop();
            if (reader.remote(key) == "new") return true;
            proxy.refuse(false);
            return false;
        }));
        staleness.look([&] { return reader.read(key) == "old"; });
        CHECK(reader.read(key) == "new");
        proxy.refuse(false);
    }
    CHECK(proxy.found() >= kRounds);
    staleness.check("a writer silent before its message", declared(server, "pubsub"));
}

TEST_CASE("InASilentNetworkNothingOldIsServedBeyondTheBoundDeclaredForMessages") {
    measureSilence("pubsub");
}

TEST_CASE("InASilentNetworkNothingOldIsServedBeyondTheBoundDeclaredForTracking") {
    measureSilence("tracking");
}
