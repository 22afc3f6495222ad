#include "coherence/InvalidationSubscriber.h"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

using namespace oxcache;
using oxcache::coherence::EpochTable;
using oxcache::coherence::InvalidationSubscriber;

namespace {

constexpr std::uint64_t kOwn = 1;
constexpr std::uint64_t kOther = 2;

/// Writes down what it is told, and what the epochs were then.
class Recorder final : public coherence::InvalidationTarget {
public:
    explicit Recorder(const EpochTable& epochs) : epochs_(epochs) {}

    void invalidate(Key key, const Version& version) override {
        tell("invalidate " + std::string(key) + " v" + std::to_string(version.counter));
    }
    void cleared() override { tell("cleared"); }
    void doubt() override {
        tell("doubt");
        stampAtDoubt = epochs_.stamp(3).load();
        coveredAtDoubt = epochs_.covered();
    }

    std::vector<std::string> told;
    std::uint32_t stampAtDoubt = 0;
    bool coveredAtDoubt = true;

private:
    void tell(std::string text) { told.push_back(std::move(text)); }
    const EpochTable& epochs_;
};

/// A subscriber of one service, and what it did.
struct Rig {
    explicit Rig(const std::string& prefix)
        : target(epochs),
          subscriber(prefix, {"!remove:" + prefix, "!expire:" + prefix}, kOwn, epochs, target) {}

    void change(Key key, std::uint64_t origin, std::uint32_t counter = 1) {
        const spi::KeyChange changes[] = {{key, {5, counter, origin}}};
        subscriber.onChanges(changes);
    }

    EpochTable epochs;
    Recorder target;
    InvalidationSubscriber subscriber;
};

using Told = std::vector<std::string>;

}  // namespace

TEST_CASE("AChangeElsewhereInvalidatesTheServicesKey") {
    Rig rig("svc:");
    rig.change("svc:user:1", kOther, 7);
    CHECK(rig.target.told == Told{"invalidate user:1 v7"});
}

TEST_CASE("AnOwnChangeIsPassedOver") {
    Rig rig("svc:");
    rig.change("svc:user:1", kOwn);
    rig.change("!remove:svc:", kOwn);
    CHECK(rig.target.told.empty());
}

TEST_CASE("AChangeWithoutAKnownOriginIsNotAnOwnOne") {
    Rig rig("svc:");
    const spi::KeyChange changes[] = {{"svc:a", Version{}}};
    rig.subscriber.onChanges(changes);
    CHECK(rig.target.told == Told{"invalidate a v0"});
}

TEST_CASE("KeysOfOtherServicesArePassedOver") {
    Rig rig("svc:");
    rig.change("other:user:1", kOther);
    rig.change("svc", kOther);
    rig.change("sv", kOther);
    rig.change("", kOther);
    rig.change("xsvc:user:1", kOther);
    CHECK(rig.target.told.empty());
}

TEST_CASE("WithAnEmptyPrefixEveryKeyIsTheServices") {
    Rig rig("");
    rig.change("user:1", kOther);
    rig.change("other:x", kOther, 2);
    rig.change("!remove:", kOther);
    CHECK(rig.target.told == Told{"invalidate user:1 v1", "invalidate other:x v2", "cleared"});
}

TEST_CASE("AnyBytesMayStandInPrefixAndKey") {
    const std::string prefix("a\0b", 3);
    Rig rig(prefix);
    rig.change(prefix + "k", kOther);
    rig.change(Key("a\0c-k", 5), kOther);
    CHECK(rig.target.told == Told{"invalidate k v1"});
}

TEST_CASE("AChangedMarkerIsAClear") {
    Rig rig("svc:");
    rig.change("!remove:svc:", kOther);
    rig.change("!expire:svc:", kOther);
    rig.change("!remove:other:", kOther);
    CHECK(rig.target.told == Told{"cleared", "cleared"});
}

TEST_CASE("AMarkerUnderThePrefixIsAMarkerAndNoKey") {
    EpochTable epochs;
    Recorder target(epochs);
    InvalidationSubscriber subscriber("svc:", {"svc:!marker"}, kOwn, epochs, target);
    const spi::KeyChange changes[] = {{"svc:!marker", {1, 1, kOther}}};
    subscriber.onChanges(changes);
    CHECK(target.told == Told{"cleared"});
}

TEST_CASE("ABatchIsHandledInItsOrder") {
    Rig rig("svc:");
    const spi::KeyChange changes[] = {{"svc:a", {1, 1, kOther}},
                                      {"svc:own", {1, 2, kOwn}},
                                      {"!remove:svc:", {1, 3, kOther}},
                                      {"else:b", {1, 4, kOther}},
                                      {"svc:a", {1, 5, kOther}}};
    rig.subscriber.onChanges(changes);
    CHECK(rig.target.told == Told{"invalidate a v1", "cleared", "invalidate a v5"});
    rig.subscriber.onChanges({});
    CHECK(rig.target.told.size() == 3);
}

TEST_CASE("AtAGapClearsAreDoubtedBeforeTheEpochMoves") {
    Rig rig("svc:");
    const std::uint32_t before = rig.epochs.stamp(3).load();
    const std::uint32_t neighbour = rig.epochs.stamp(4).load();
    rig.subscriber.onGap(3);
    CHECK(rig.target.told == Told{"doubt"});
    CHECK(rig.target.stampAtDoubt == before);
    CHECK_FALSE(rig.epochs.current(before));
    CHECK(rig.epochs.current(neighbour));
    rig.subscriber.onGap(std::nullopt);
    CHECK_FALSE(rig.epochs.current(neighbour));
    CHECK(rig.epochs.covered());
}

TEST_CASE("AGapWhereTheMarkersOfClearsLieConcernsEverything") {
    for (const std::string marker : {"!remove:svc:", "!expire:svc:"}) {
        Rig rig("svc:");
        const unsigned range = EpochTable::rangeOf(marker);
        const std::uint32_t elsewhere = rig.epochs.stamp(range + 1).load();
        rig.subscriber.onGap(range);
        CHECK_FALSE(rig.epochs.current(elsewhere));
    }
}

TEST_CASE("BothEdgesOfCoverageAreGaps") {
    Rig rig("svc:");
    const std::uint32_t first = rig.epochs.stamp(3).load();
    rig.subscriber.onCoverage(false);
    CHECK_FALSE(rig.epochs.covered());
    CHECK_FALSE(rig.epochs.current(first));
    CHECK_FALSE(rig.target.coveredAtDoubt);
    CHECK(rig.target.stampAtDoubt == first);
    const std::uint32_t second = rig.epochs.stamp(3).load();
    rig.subscriber.onCoverage(true);
    CHECK(rig.epochs.covered());
    CHECK_FALSE(rig.epochs.current(second));
    CHECK(rig.target.coveredAtDoubt);
    CHECK(rig.target.told == Told{"doubt", "doubt"});
}

// Whoever admits under the epoch that follows a loss of coverage knows of the loss: otherwise it
// would give an entry the long life of a covered time.
TEST_CASE("UnderTheEpochOfALossNobodyBelievesInCoverage") {
    Rig rig("svc:");
    const auto& stamp = rig.epochs.stamp(3);
    const std::uint32_t first = stamp.load();
    std::atomic<bool> returning{true};
    std::atomic<bool> done{false};
    std::atomic<int> wrong{0};
    std::thread admitting([&] {
        while (!done) {
            const std::uint32_t seen = stamp.load(std::memory_order_acquire);
            const bool covered = rig.epochs.covered();
            const bool mayReturn = returning;
            // Still in the same lost epoch, and its end had not begun when coverage was read.
            if ((seen - first) % 2 == 1 && covered && !mayReturn && stamp.load() == seen) ++wrong;
        }
    });
    for (int i = 0; i < 20'000; ++i) {
        returning = false;
        rig.subscriber.onCoverage(false);
        returning = true;
        rig.subscriber.onCoverage(true);
    }
    done = true;
    admitting.join();
    CHECK(wrong == 0);
}
