#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <random>
#include <thread>

#include "EmbeddedRig.h"
#include "l2/embedded/FileLock.h"
#include "support/Threads.h"

using namespace oxcache;
using namespace oxcache::testing;

namespace {

constexpr int kThreads = 8;
constexpr int kRounds = 300;

/// An entry that proves itself: its payload is made from key and version.
Bytes proving(const std::string& key, const Version& version) {
    EnvelopeHeader header;
    header.version = header.written = version;
    return encodeEnvelope(header, key + "/" + std::to_string(version.counter) + "/" +
                                      Bytes(version.counter % 3000, 'p'));
}

bool proves(const std::string& key, const Bytes& bytes) {
    if (bytes.empty()) return true;
    const auto envelope = decodeEnvelope(bytes);
    if (!envelope.ok()) return false;
    if (envelope.value().header.kind != EntryKind::Value) return true;
    return bytes == proving(key, envelope.value().header.version);
}

struct Work {
    EmbeddedRig& rig;
    std::atomic<int> failures{0};
    std::atomic<int> lies{0};
    std::atomic<std::uint32_t> counter{0};

    void run(spi::RemoteStore& store, unsigned seed) {
        std::minstd_rand random(seed);
        for (int round = 0; round < kRounds; ++round) {
            const std::string key = "k" + std::to_string(random() % 40);
            const Key asked = key;
            const Version version{1000, ++counter, seed};
            const std::int64_t expiresMs = rig.clock.wallMs() + 60'000;
            if (random() % 3 == 0) {
                const Bytes envelope = proving(key, version);
                const auto mode =
                    random() % 2 == 0 ? spi::PutMode::Overwrite : spi::PutMode::IfNewer;
                const spi::Put put{asked, mode, envelope, {}, expiresMs, true};
                failures += store.put({&put, 1}, rig.soon())[0].ok() ? 0 : 1;
                continue;
            }
            const auto answer = random() % 4 == 0
                                    ? store.lease({&asked, 1}, {version, expiresMs}, rig.soon())
                                    : store.get({&asked, 1}, rig.soon());
            failures += answer[0].ok() ? 0 : 1;
            if (answer[0].ok()) lies += proves(key, answer[0].value()) ? 0 : 1;
        }
    }
};

}  // namespace

TEST_CASE("ManyThreadsOnTwoStoresReadOnlyWholeValues") {
    EmbeddedRig rig;
    rig.settings.readers = 2;
    rig.settings.maxBytes = 1 << 20;
    const auto first = rig.store(), second = rig.store();
    Work work{rig};
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i)
        threads.emplace_back(
            [&, i] { work.run(i % 2 == 0 ? *first : *second, static_cast<unsigned>(i + 1)); });
    for (std::thread& thread : threads) thread.join();
    CHECK(work.failures == 0);
    CHECK(work.lies == 0);
}

TEST_CASE("WritersThatWaitTogetherShareATransaction") {
    EmbeddedRig rig;
    const auto store = rig.store();
    const Bytes warm = rig.value("warm");
    REQUIRE(rig.stored(*store, "warm", warm));
    const std::uint64_t before = rig.counterOf(*store, "transactions");
    // Another process's transaction holds the file until all writers have come.
    SystemClock clock;
    embedded::Database other(rig.settings.path, clock, Duration(1000));
    other.run("BEGIN IMMEDIATE");
    const Bytes envelope = rig.value("v");
    std::vector<std::thread> threads;
    std::atomic<int> entered{0}, stored{0};
    for (int i = 0; i < kThreads; ++i)
        threads.emplace_back([&, i] {
            ++entered;
            stored += rig.stored(*store, "k" + std::to_string(i), envelope) ? 1 : 0;
        });
    // All but the leader wait on the clock, beside the housekeeper.
    while (rig.clock.waiters() < kThreads) std::this_thread::yield();
    other.run("COMMIT");
    for (std::thread& thread : threads) thread.join();
    CHECK(stored == kThreads);
    CHECK(rig.counterOf(*store, "transactions") == before + 2);
}

TEST_CASE("AWriterThatWaitsBehindAnotherHonoursItsDeadline") {
    EmbeddedRig rig;
    rig.settings.busyTimeout = std::chrono::seconds(60);
    const auto store = rig.store();
    REQUIRE(rig.stored(*store, "warm", rig.value("warm")));
    SystemClock clock;
    embedded::Database other(rig.settings.path, clock, Duration(1000));
    other.run("BEGIN IMMEDIATE");
    const Bytes envelope = rig.value("v");
    const auto putBefore = [&](Key key, Deadline deadline) {
        const spi::Put put{key, spi::PutMode::Overwrite,     envelope,
                           {},  rig.clock.wallMs() + 60'000, true};
        return store->put({&put, 1}, deadline)[0];
    };
    const Deadline deadline = Deadline::in(rig.clock, std::chrono::seconds(1));
    std::atomic<int> timeouts{0};
    std::vector<std::thread> threads;
    for (const char* key : {"leader", "follower"})
        threads.emplace_back([&, key] {
            const auto outcome = putBefore(key, deadline);
            timeouts += !outcome.ok() && outcome.error().code == ErrorCode::Timeout ? 1 : 0;
        });
    while (rig.clock.waiters() < 2) std::this_thread::yield();
    rig.clock.advance(std::chrono::seconds(1));
    for (std::thread& thread : threads) thread.join();
    CHECK(timeouts == 2);
    CHECK(rig.counterOf(*store, "busy") == 2);
    other.run("COMMIT");
    CHECK(rig.bytesAt(*store, "leader").empty());
    CHECK(rig.bytesAt(*store, "follower").empty());
    CHECK(putBefore("leader", rig.soon()).ok());
}

TEST_CASE("ALockHeldTooLongIsUnavailable") {
    EmbeddedRig rig;
    rig.settings.busyTimeout = Duration(20);
    const auto store = rig.store();
    REQUIRE(rig.stored(*store, "k", rig.value("old")));
    SystemClock clock;
    embedded::Database other(rig.settings.path, clock, Duration(1000));
    other.run("BEGIN IMMEDIATE");
    const auto outcome = rig.put(*store, "k", rig.value("new"));
    REQUIRE_FALSE(outcome.ok());
    CHECK((outcome.error().code == ErrorCode::Unavailable));
    CHECK(outcome.error().message.find("another process holds the file's lock") !=
          std::string::npos);
    // Readers are not held up.
    CHECK_FALSE(rig.bytesAt(*store, "k").empty());
    // The probe knows that writes fail.
    CHECK_FALSE(store->time(rig.soon()).ok());
    other.run("COMMIT");
    CHECK(store->time(rig.soon()).ok());
    CHECK(rig.stored(*store, "k", rig.value("new")));
}

TEST_CASE("StoresAndBusesComeAndGoWhileOthersWork") {
    EmbeddedRig rig;
    struct Deaf final : spi::BusListener {
        void onChanges(std::span<const spi::KeyChange>) override {}
        void onGap(std::optional<unsigned>) override {}
        void onCoverage(bool) override {}
    };
    const auto steady = rig.store();
    Work work{rig};
    std::thread worker([&] { work.run(*steady, 99); });
    for (int i = 0; i < 20; ++i) {
        Deaf deaf;
        const auto bus = rig.bus();
        CHECK(bus->start(deaf).ok());
        const auto store = rig.store();
        CHECK(rig.stored(*store, "come", rig.value("and go")));
    }
    worker.join();
    CHECK(work.failures == 0);
    CHECK(work.lies == 0);
}

TEST_CASE("ALockThatIsHeldForAMomentIsNotLoggedByTheBusOneThatIsHeldLongerIs") {
    struct Deaf final : spi::BusListener {
        void onChanges(std::span<const spi::KeyChange>) override {}
        void onGap(std::optional<unsigned>) override {}
        void onCoverage(bool) override {}
    };
    EmbeddedRig rig;
    auto held = std::make_unique<embedded::FileLock>(rig.settings.path + ".lock", rig.clock,
                                                     rig.soon(), std::chrono::seconds(20));
    const auto bus = rig.bus();
    Deaf listener;
    REQUIRE(bus->start(listener).ok());
    awaitWaiters(rig.clock, 1);  // the first poll has ended
    CHECK(rig.book.count("is locked by another process") == 0);
    const auto pollUntil = [&](const std::string& logged) {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
        while (rig.book.count(logged) == 0 && std::chrono::steady_clock::now() < end) {
            rig.clock.advance(rig.settings.pollInterval);
            std::this_thread::yield();
        }
        return rig.book.count(logged);
    };
    CHECK(pollUntil("is locked by another process") == 1);
    held.reset();
    CHECK(pollUntil("listens again") == 1);
    bus->stop();
}
