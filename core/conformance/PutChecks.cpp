#include <atomic>
#include <thread>

#include "StoreFixture.h"

/// The four modes of put.
namespace oxcache::conformance {
namespace {

using spi::PutMode;
using spi::PutOutcome;
using std::chrono::milliseconds;
using std::chrono::minutes;

constexpr Duration kLong = minutes(1);

void anOverwriteNeedsNoCondition(StoreFixture& at) {
    const Version older = at.nextVersion();
    at.set(at.key("k"), at.value(at.nextVersion(), "newer"));
    const Bytes late = at.value(older, "older, but it arrived last");
    at.set(at.key("k"), late);
    require(at.get(at.key("k")) == late, "the last write to arrive did not win");
}

void aFillNeedsTheObservedVersion(StoreFixture& at) {
    const Version stale = at.nextVersion(), fresh = at.nextVersion();
    at.set(at.key("k"), at.value(stale, "stale"));
    const Bytes fill = at.envelope(EntryKind::Value, fresh, stale, "fill");
    require(at.put(PutMode::FillIfUnchanged, at.key("k"), fill, kLong, at.nextVersion()) ==
                PutOutcome::Refused,
            "a fill was stored over another version than it observed");
    require(at.headerAt(at.key("k")).version == stale, "a refused fill changed what stands");
    require(at.put(PutMode::FillIfUnchanged, at.key("k"), fill, kLong, stale) == PutOutcome::Stored,
            "a fill was refused although its observed version stands");
    require(at.get(at.key("k")) == fill, "a stored fill is not what stands");
    require(
        at.put(PutMode::FillIfUnchanged, at.key("k"), fill, kLong, stale) == PutOutcome::Refused,
        "a fill was stored although its observed version had been replaced");
}

void absentIsNeverAnObservation(StoreFixture& at) {
    const Version version = at.nextVersion();
    const Bytes fill = at.value(version, "fill");
    for (const Version& observed : {Version{}, version})
        require(at.put(PutMode::FillIfUnchanged, at.key("k"), fill, kLong, observed) ==
                    PutOutcome::Refused,
                "a fill was stored where nothing stood");
    at.set(at.key("k"), at.value(version, "v"), milliseconds(100));
    at.pass(milliseconds(150));
    require(
        at.put(PutMode::FillIfUnchanged, at.key("k"), fill, kLong, version) == PutOutcome::Refused,
        "a fill was stored where what it observed had expired");
    require(at.get(at.key("k")).empty(), "a refused fill left something");
}

void aRemoveRefusesTheFill(StoreFixture& at) {
    const Version stale = at.nextVersion();
    at.set(at.key("k"), at.value(stale, "stale"));
    const Bytes removed = at.tombstone(at.nextVersion());
    at.set(at.key("k"), removed);
    const Bytes fill = at.envelope(EntryKind::Value, at.nextVersion(), stale, "fill");
    require(
        at.put(PutMode::FillIfUnchanged, at.key("k"), fill, kLong, stale) == PutOutcome::Refused,
        "a fill was stored over a remove");
    require(at.get(at.key("k")) == removed, "a refused fill changed what stands");
}

void ifNewerComparesWrittenAlone(StoreFixture& at) {
    const std::string key = at.key("k");
    const Version first = at.nextVersion(), second = at.nextVersion(), third = at.nextVersion();
    require(at.put(PutMode::IfNewer, key, at.value(second, "2"), kLong) == PutOutcome::Stored,
            "IfNewer was refused where nothing stood");
    require(at.put(PutMode::IfNewer, key, at.value(first, "1"), kLong) == PutOutcome::Refused,
            "IfNewer stored an older write");
    require(at.put(PutMode::IfNewer, key, at.value(second, "2"), kLong) == PutOutcome::Refused,
            "IfNewer stored the write that stands already");
    const Bytes fill = at.envelope(EntryKind::Value, at.nextVersion(), second, "fill of 2");
    require(at.put(PutMode::FillIfUnchanged, key, fill, kLong, second) == PutOutcome::Stored,
            "a fill was refused although its observed version stands");
    const Bytes write = at.value(third, "3");
    require(at.put(PutMode::IfNewer, key, write, kLong) == PutOutcome::Stored,
            "a fill outranked a newer write");
    require(at.get(key) == write, "a stored write is not what stands");
}

void ifNewerComparesAllPartsOfAVersion(StoreFixture& at) {
    const Version base = at.nextVersion();
    const Version later[] = {{base.ms, base.counter, base.origin + 1},
                             {base.ms, base.counter + 1, base.origin},
                             {base.ms + 1, 0, 1}};
    at.set(at.key("k"), at.value(base, "base"));
    for (const Version& version : later)
        require(at.put(PutMode::IfNewer, at.key("k"), at.value(version, "later"), kLong) ==
                    PutOutcome::Stored,
                "milliseconds come before the counter, the counter before the origin");
    for (const Version& version : {base, later[0], later[1]})
        require(at.put(PutMode::IfNewer, at.key("k"), at.value(version, "earlier"), kLong) ==
                    PutOutcome::Refused,
                "milliseconds come before the counter, the counter before the origin");
}

void ifNewerHonoursTombstones(StoreFixture& at) {
    const std::string key = at.key("k");
    const Version before = at.nextVersion(), removed = at.nextVersion(), after = at.nextVersion();
    at.set(key, at.tombstone(removed), milliseconds(300));
    require(at.put(PutMode::IfNewer, key, at.value(before, "1"), kLong) == PutOutcome::Refused,
            "a write from before a remove was stored");
    at.pass(milliseconds(350));
    require(at.put(PutMode::IfNewer, key, at.value(before, "1"), milliseconds(100)) ==
                PutOutcome::Stored,
            "an expired tombstone still refused a write");
    at.set(key, at.tombstone(removed));
    require(at.put(PutMode::IfNewer, key, at.value(after, "3"), kLong) == PutOutcome::Stored,
            "a write from after a remove was refused");
}

void touchMovesOnlyTheExpiry(StoreFixture& at) {
    const std::string key = at.key("k");
    const Version version = at.nextVersion();
    const Bytes envelope = at.value(version, "v");
    at.set(key, envelope, milliseconds(200));
    require(at.put(PutMode::Touch, key, at.value(at.nextVersion(), "other"), kLong, version) ==
                PutOutcome::Stored,
            "a touch was refused although its observed version stands");
    at.pass(milliseconds(250));
    require(at.get(key) == envelope, "a touched entry is not what it was, or it expired");
    require(at.put(PutMode::Touch, key, {}, milliseconds(100), version) == PutOutcome::Stored,
            "a touch without an envelope was refused");
    at.pass(milliseconds(150));
    require(at.get(key).empty(), "a touch did not shorten the life");
}

void touchNeedsTheObservedVersion(StoreFixture& at) {
    const Version version = at.nextVersion();
    require(at.put(PutMode::Touch, at.key("k"), {}, kLong, version) == PutOutcome::Refused,
            "a touch was stored where nothing stood");
    require(at.get(at.key("k")).empty(), "a refused touch left something");
    at.set(at.key("k"), at.value(version, "v"), milliseconds(200));
    require(at.put(PutMode::Touch, at.key("k"), {}, kLong, at.nextVersion()) == PutOutcome::Refused,
            "a touch was stored over another version than it observed");
    at.pass(milliseconds(250));
    require(at.get(at.key("k")).empty(), "a refused touch moved the expiry");
}

void putsAnswerPerKey(StoreFixture& at) {
    const std::string held = at.key("held"), absent = at.key("absent"), fresh = at.key("fresh");
    const Version older = at.nextVersion(), standing = at.nextVersion();
    at.set(held, at.value(standing, "held"));
    const Bytes old = at.value(older, "old"), fill = at.value(at.nextVersion(), "fill");
    const std::int64_t expiresMs = at.now() + 60'000;
    const spi::Put puts[] = {
        {held, PutMode::IfNewer, old, {}, expiresMs, true},
        {fresh, PutMode::Overwrite, old, {}, expiresMs, true},
        {absent, PutMode::FillIfUnchanged, fill, standing, expiresMs, true},
        {held, PutMode::FillIfUnchanged, fill, standing, expiresMs, true},
    };
    const PutOutcome expected[] = {PutOutcome::Refused, PutOutcome::Stored, PutOutcome::Refused,
                                   PutOutcome::Stored};
    const auto outcomes = at.store().put(puts, at.soon());
    require(outcomes.size() == 4, "4 puts, " + std::to_string(outcomes.size()) + " answers");
    for (std::size_t i = 0; i < 4; ++i)
        require(outcomes[i].ok() && outcomes[i].value() == expected[i],
                "answer " + std::to_string(i) + " is not that of its put");
    require(at.get(held) == fill && at.get(fresh) == old && at.get(absent).empty(),
            "what stands does not match the answers");
}

/// Runs `body(store, thread)` on four threads, every second one through another store.
template <class Body>
void concurrently(StoreFixture& at, Body body) {
    const auto other = at.anotherStore();
    std::vector<std::thread> threads;
    for (unsigned thread = 0; thread < 4; ++thread)
        threads.emplace_back([&, thread] { body(thread % 2 == 0 ? at.store() : *other, thread); });
    for (std::thread& thread : threads) thread.join();
}

void oneOfConcurrentFillsIsStored(StoreFixture& at) {
    for (int round = 0; round < 20; ++round) {
        const std::string key = at.key(std::to_string(round));
        const Version stale = at.nextVersion();
        at.set(key, at.value(stale, "stale"));
        std::vector<Bytes> fills;
        for (int i = 0; i < 4; ++i)
            fills.push_back(at.envelope(EntryKind::Value, at.nextVersion(), stale, "fill"));
        const std::int64_t expiresMs = at.now() + 60'000;
        std::atomic<int> stored{0}, failed{0};
        concurrently(at, [&](spi::RemoteStore& store, unsigned thread) {
            const spi::Put put{key,  PutMode::FillIfUnchanged, fills[thread], stale, expiresMs,
                               false};
            const auto outcomes = store.put({&put, 1}, at.soon());
            if (!outcomes[0].ok()) ++failed;
            if (outcomes[0].ok() && outcomes[0].value() == PutOutcome::Stored) ++stored;
        });
        require(failed == 0, "a concurrent fill failed");
        require(stored == 1, std::to_string(stored) + " fills of one observation were stored");
    }
}

void theNewestOfConcurrentWritesStands(StoreFixture& at) {
    const std::string key = at.key("k");
    std::vector<std::vector<Bytes>> writes(4);
    for (int i = 0; i < 200; ++i)
        writes[static_cast<std::size_t>(i * 7 % 4)].push_back(at.value(at.nextVersion(), "w"));
    const Version newest = at.nextVersion();
    writes[1].insert(writes[1].begin() + 10, at.value(newest, "newest"));
    const std::int64_t expiresMs = at.now() + 60'000;
    concurrently(at, [&](spi::RemoteStore& store, unsigned thread) {
        for (const Bytes& write : writes[thread]) {
            const spi::Put put{key, PutMode::IfNewer, write, {}, expiresMs, false};
            store.put({&put, 1}, at.soon());
        }
    });
    require(at.headerAt(key).version == newest, "an older write stands over the newest");
}

constexpr Check<StoreFixture> kChecks[] = {
    {"AnOverwriteNeedsNoCondition", anOverwriteNeedsNoCondition},
    {"AFillNeedsTheObservedVersion", aFillNeedsTheObservedVersion},
    {"AbsentIsNeverAnObservation", absentIsNeverAnObservation},
    {"ARemoveRefusesTheFill", aRemoveRefusesTheFill},
    {"IfNewerComparesWrittenAlone", ifNewerComparesWrittenAlone},
    {"IfNewerComparesAllPartsOfAVersion", ifNewerComparesAllPartsOfAVersion},
    {"IfNewerHonoursTombstones", ifNewerHonoursTombstones},
    {"TouchMovesOnlyTheExpiry", touchMovesOnlyTheExpiry},
    {"TouchNeedsTheObservedVersion", touchNeedsTheObservedVersion},
    {"PutsAnswerPerKey", putsAnswerPerKey},
    {"OneOfConcurrentFillsIsStored", oneOfConcurrentFillsIsStored},
    {"TheNewestOfConcurrentWritesStands", theNewestOfConcurrentWritesStands},
};

}  // namespace

void checkPuts(const StoreSubject& subject, std::vector<CheckResult>& results) {
    runChecks(subject, kChecks, results);
}

}  // namespace oxcache::conformance
