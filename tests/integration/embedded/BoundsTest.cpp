#include <doctest/doctest.h>

#include <thread>

#include "EmbeddedRig.h"

using namespace oxcache;
using namespace oxcache::testing;

namespace {

namespace fs = std::filesystem;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::uintmax_t kMebibyte = std::uintmax_t{1} << 20;

std::string keyOf(int i) { return "key:" + std::to_string(i); }

std::int64_t numberIn(const EmbeddedRig& rig, const char* sql) {
    SystemClock clock;
    embedded::Database database(rig.settings.path, clock, Duration(1000));
    return database.number(sql);
}

template <class Condition>
bool becomesTrue(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + seconds(30);
    while (!condition()) {
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return true;
}

}  // namespace

TEST_CASE("TheFileStaysWithinItsBound") {
    for (const std::size_t payload : {20U, 1000U, 5000U, 100'000U}) {
        EmbeddedRig rig;
        rig.settings.maxBytes = 2 * kMebibyte;
        rig.settings.changeLog = 100;
        const auto store = rig.store();
        const int count = static_cast<int>(3 * rig.settings.maxBytes / (payload + 150));
        std::uintmax_t largest = 0, largestJournal = 0;
        for (int i = 0; i < count; ++i) {
            REQUIRE(rig.stored(*store, keyOf(i), rig.value(Bytes(payload, 'x')), minutes(i + 1)));
            largest = std::max(largest, fs::file_size(rig.settings.path));
            largestJournal = std::max(largestJournal, fs::file_size(rig.settings.path + "-wal"));
        }
        CHECK(largest <= rig.settings.maxBytes);
        CHECK(largestJournal <= 8 * kMebibyte);
        CHECK(rig.counterOf(*store, "evictions") > 0);
        int kept = 0;
        for (int i = 0; i < count; ++i) kept += rig.bytesAt(*store, keyOf(i)).empty() ? 0 : 1;
        MESSAGE(payload << " B: " << kept << " of " << count << " kept, "
                        << static_cast<std::uint64_t>(kept) * (payload + 112) * 100 /
                               rig.settings.maxBytes
                        << " % of max_bytes are envelopes");
        CHECK(static_cast<std::uint64_t>(kept) * (payload + 112) > rig.settings.maxBytes / 4);
    }
}

TEST_CASE("WhatExpiresFirstIsEvictedFirst") {
    EmbeddedRig rig;
    rig.settings.maxBytes = kMebibyte;
    const auto store = rig.store();
    constexpr int kCount = 2000;
    // A permutation: the order of writing says nothing about the expiry.
    for (int i = 0; i < kCount; ++i) {
        const int at = i * 1237 % kCount;
        REQUIRE(rig.stored(*store, keyOf(at), rig.value(Bytes(1000, 'x')), minutes(at + 1)));
    }
    // The last few written stand whatever their expiry: eviction comes before the put.
    std::vector<int> kept;
    for (int i = 0; i < kCount; ++i)
        if (!rig.bytesAt(*store, keyOf(i)).empty()) kept.push_back(i);
    MESSAGE(kept.size() << " of " << kCount << " entries kept");
    REQUIRE(kept.size() > 300);
    CHECK(kept.at(kept.size() - 300) >= kCount - 310);
}

TEST_CASE("ValuesAreEvictedBeforeTombstonesAndLeases") {
    EmbeddedRig rig;
    rig.settings.maxBytes = kMebibyte;
    const auto store = rig.store();
    for (int i = 0; i < 200; ++i) {
        const std::string removed = "removed:" + std::to_string(i);
        REQUIRE(rig.stored(*store, removed, rig.envelope(EntryKind::Tombstone, ""), minutes(1)));
        const std::string leased = "leased:" + std::to_string(i);
        const Key key = leased;
        REQUIRE(store->lease({&key, 1}, {rig.version(), rig.clock.wallMs() + 60'000}, rig.soon())[0]
                    .ok());
    }
    for (int i = 0; i < 3000; ++i)
        REQUIRE(rig.stored(*store, keyOf(i), rig.value(Bytes(1000, 'x')), minutes(60)));
    CHECK(rig.counterOf(*store, "evictions") > 1000);
    for (int i = 0; i < 200; ++i) {
        CHECK_FALSE(rig.bytesAt(*store, "removed:" + std::to_string(i)).empty());
        CHECK_FALSE(rig.bytesAt(*store, "leased:" + std::to_string(i)).empty());
    }
}

TEST_CASE("TombstonesAreEvictedWhenNothingElseIsLeft") {
    EmbeddedRig rig;
    rig.settings.maxBytes = kMebibyte;
    const auto store = rig.store();
    const std::string tail(900, 'k');
    for (int i = 0; i < 2000; ++i)
        REQUIRE(rig.stored(*store, keyOf(i) + tail, rig.envelope(EntryKind::Tombstone, "")));
    CHECK(fs::file_size(rig.settings.path) <= rig.settings.maxBytes);
    const Bytes value = rig.value(Bytes(400'000, 'x'));
    CHECK(rig.stored(*store, "large", value));
    CHECK(rig.bytesAt(*store, "large") == value);
}

TEST_CASE("ExpiredEntriesMakeRoomFirst") {
    EmbeddedRig rig;
    rig.settings.maxBytes = kMebibyte;
    const auto store = rig.store();
    for (int i = 0; i < 500; ++i)
        REQUIRE(rig.stored(*store, "old:" + keyOf(i), rig.value(Bytes(1000, 'x')), seconds(1)));
    // Within one sweep_interval, so that only eviction can remove them.
    rig.settings.sweepInterval = minutes(60);
    rig.clock.advance(std::chrono::milliseconds(999));
    const auto fresh = rig.store();
    rig.clock.advance(std::chrono::milliseconds(1));
    for (int i = 0; i < 500; ++i)
        REQUIRE(rig.stored(*fresh, keyOf(i), rig.value(Bytes(1000, 'x')), minutes(1)));
    CHECK(rig.counterOf(*fresh, "evictions") == 0);
    for (int i = 0; i < 500; ++i) CHECK_FALSE(rig.bytesAt(*fresh, keyOf(i)).empty());
}

TEST_CASE("HalfOfTheFileIsTheLargestEntry") {
    EmbeddedRig rig;
    rig.settings.maxBytes = kMebibyte;
    const auto store = rig.store();
    const Bytes old = rig.value("old");
    CHECK(rig.stored(*store, "k", old));
    const Bytes tooLarge = rig.value(Bytes(kMebibyte / 2, 'x'));
    const auto refused = rig.put(*store, "k", tooLarge);
    REQUIRE(refused.ok());
    CHECK((refused.value() == spi::PutOutcome::TooLarge));
    CHECK(rig.bytesAt(*store, "k") == old);
    CHECK(rig.counterOf(*store, "too_large") == 1);
    for (int i = 0; i < 5; ++i) {
        const Bytes largest =
            rig.value(Bytes(kMebibyte / 2 - envelope::kHeaderSize, static_cast<char>('a' + i)));
        CHECK(rig.stored(*store, keyOf(i), largest));
        CHECK(rig.bytesAt(*store, keyOf(i)) == largest);
    }
    CHECK(fs::file_size(rig.settings.path) <= rig.settings.maxBytes);
}

TEST_CASE("ABatchLargerThanTheFileIsStoredInParts") {
    EmbeddedRig rig;
    rig.settings.maxBytes = kMebibyte;
    const auto store = rig.store();
    std::vector<std::string> keys;
    std::vector<Bytes> envelopes;
    std::vector<spi::Put> puts;
    for (int i = 0; i < 3000; ++i) {
        keys.push_back(keyOf(i));
        envelopes.push_back(rig.value(Bytes(1000, 'x')));
    }
    for (std::size_t i = 0; i < keys.size(); ++i)
        puts.push_back({keys[i],
                        spi::PutMode::Overwrite,
                        envelopes[i],
                        {},
                        rig.clock.wallMs() + 60'000 + static_cast<std::int64_t>(i),
                        true});
    for (const auto& outcome : store->put(puts, rig.soon()))
        REQUIRE((outcome.ok() && outcome.value() == spi::PutOutcome::Stored));
    CHECK(fs::file_size(rig.settings.path) <= rig.settings.maxBytes);
    CHECK(rig.bytesAt(*store, keys.back()) == envelopes.back());
}

TEST_CASE("ALoweredBoundShrinksTheFile") {
    EmbeddedRig rig;
    rig.settings.maxBytes = 8 * kMebibyte;
    {
        const auto store = rig.store();
        for (int i = 0; i < 5000; ++i)
            REQUIRE(rig.stored(*store, keyOf(i), rig.value(Bytes(1000, 'x')), minutes(i + 1)));
    }
    REQUIRE(fs::file_size(rig.settings.path) > 4 * kMebibyte);
    rig.settings.maxBytes = kMebibyte;
    const auto store = rig.store();
    CHECK(becomesTrue([&] {
        rig.clock.advance(rig.settings.sweepInterval);
        return fs::file_size(rig.settings.path) <= kMebibyte;
    }));
    CHECK_FALSE(rig.bytesAt(*store, keyOf(4999)).empty());
    CHECK(rig.bytesAt(*store, keyOf(0)).empty());
}

TEST_CASE("TheChangeLogIsBounded") {
    EmbeddedRig rig;
    rig.settings.changeLog = 100;
    {
        const auto store = rig.store();
        const Bytes envelope = rig.value("v");
        for (int i = 0; i < 2000; ++i) REQUIRE(rig.stored(*store, keyOf(i % 50), envelope));
    }
    const std::int64_t rows = numberIn(rig, "SELECT count(*) FROM changes");
    CHECK(rows >= 100);
    CHECK(rows <= 100 + 256);
    CHECK(numberIn(rig, "SELECT max(seq) FROM changes") == 2000);
}

TEST_CASE("ExpiredRowsAreSweptInTheBackground") {
    EmbeddedRig rig;
    const auto store = rig.store();
    const Bytes envelope = rig.value("v"), tombstone = rig.envelope(EntryKind::Tombstone, "");
    for (int i = 0; i < 500; ++i) {
        REQUIRE(rig.stored(*store, "short:" + keyOf(i), envelope, Duration(500)));
        REQUIRE(rig.stored(*store, "removed:" + keyOf(i), tombstone, Duration(500)));
        REQUIRE(rig.stored(*store, "long:" + keyOf(i), envelope, minutes(5)));
    }
    rig.clock.advance(rig.settings.sweepInterval);
    CHECK(becomesTrue([&] { return rig.counterOf(*store, "swept") == 1000; }));
    CHECK(numberIn(rig, "SELECT count(*) FROM entries") == 500);
    CHECK(rig.counterOf(*store, "evictions") == 0);
}

TEST_CASE("AnIdleStoreWritesNothing") {
    EmbeddedRig rig;
    const auto store = rig.store();
    REQUIRE(rig.stored(*store, "k", rig.value("v")));
    const std::uint64_t before = rig.counterOf(*store, "transactions");
    for (int i = 0; i < 20; ++i) {
        CHECK(becomesTrue([&] { return rig.clock.waiters() == 1; }));
        rig.clock.advance(rig.settings.sweepInterval);
    }
    CHECK(rig.counterOf(*store, "transactions") == before);
}

TEST_CASE("ATrimmedLogIsAGapForTheSlow") {
    EmbeddedRig rig;
    rig.settings.changeLog = 16;
    const auto store = rig.store();
    SystemClock clock;
    embedded::StoreFile file(rig.settings, clock, rig.book.log());
    embedded::ChangeReader reader(file.open(Deadline::never()));
    CHECK(reader.anythingNew());
    CHECK(reader.next().changes.empty());
    const Bytes envelope = rig.value("v");
    CHECK(rig.stored(*store, "a", envelope));
    CHECK(reader.anythingNew());
    CHECK_FALSE(reader.anythingNew());
    const auto one = reader.next();
    CHECK(one.changes.size() == 1);
    CHECK_FALSE(one.gap);
    for (int i = 0; i < 600; ++i) REQUIRE(rig.stored(*store, "b", envelope));
    CHECK(reader.next().gap);
    while (reader.next().full) {
    }
    CHECK(rig.stored(*store, "c", envelope));
    const auto last = reader.next();
    CHECK(last.changes.size() == 1);
    CHECK_FALSE(last.gap);
    reader.database().run("DELETE FROM changes");
    CHECK(reader.next().gap);
}
