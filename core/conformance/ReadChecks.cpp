#include <set>

#include "StoreFixture.h"

/// Reads, expiry, batches, deadlines, sweep, time.
namespace oxcache::conformance {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;

void absentKeysAreEmpty(StoreFixture& at) {
    require(at.get(at.key("absent")).empty(), "a key that was never put gave bytes");
}

void whatWasPutIsRead(StoreFixture& at) {
    const Bytes envelope = at.value(at.nextVersion(), "payload");
    at.set(at.key("k"), envelope);
    require(at.get(at.key("k")) == envelope, "get gave other bytes than were put");
}

void emptyPayloadsAreKept(StoreFixture& at) {
    const Bytes envelope = at.value(at.nextVersion(), "");
    at.set(at.key("k"), envelope);
    require(at.get(at.key("k")) == envelope, "get gave other bytes than were put");
}

void aMebibyteIsKept(StoreFixture& at) {
    Bytes payload(std::size_t{1} << 20, '\0');
    for (std::size_t i = 0; i < payload.size(); ++i) payload[i] = static_cast<char>(i * 31 >> 3);
    const Bytes envelope = at.value(at.nextVersion(), payload);
    at.set(at.key("k"), envelope);
    require(at.get(at.key("k")) == envelope, "1 MiB came back as other bytes");
}

void keysHoldAnyBytes(StoreFixture& at) {
    const std::string zero("\0", 1);
    const std::vector<std::string> names = {
        "",          zero,       zero + zero,           "a" + zero + "b", "a" + zero + "c",
        "a",         "\xff\xfe", "'; DROP TABLE x; --", "\r\n",           "{user}%s",
        "\xc3\xa4 ", "A",        std::string(900, 'k'),
    };
    std::vector<Bytes> envelopes;
    for (const std::string& name : names) {
        envelopes.push_back(at.value(at.nextVersion(), name));
        at.set(at.key(name), envelopes.back());
    }
    for (std::size_t i = 0; i < names.size(); ++i)
        require(at.get(at.key(names[i])) == envelopes[i],
                "key number " + std::to_string(i) + " of the list is mistaken for another");
}

void tombstonesAreReadLikeValues(StoreFixture& at) {
    const Bytes envelope = at.tombstone(at.nextVersion());
    at.set(at.key("k"), envelope);
    require(at.get(at.key("k")) == envelope, "a tombstone was not returned");
}

void anEntryEndsAtItsExpiry(StoreFixture& at) {
    at.set(at.key("short"), at.value(at.nextVersion(), "v"), milliseconds(150));
    at.set(at.key("long"), at.value(at.nextVersion(), "v"), minutes(1));
    require(!at.get(at.key("short")).empty(), "an entry was gone before its expiry");
    at.pass(milliseconds(200));
    require(at.get(at.key("short")).empty(), "an expired entry was returned");
    require(!at.get(at.key("long")).empty(), "an entry was gone before its expiry");
}

void anOverwriteThatHasExpiredLeavesNothing(StoreFixture& at) {
    at.set(at.key("k"), at.value(at.nextVersion(), "old"));
    at.set(at.key("k"), at.value(at.nextVersion(), "new"), milliseconds(-1000));
    require(at.get(at.key("k")).empty(), "the old value outlived an Overwrite");
}

void batchesAnswerInOrder(StoreFixture& at) {
    const std::string a = at.key("a"), b = at.key("b"), absent = at.key("absent");
    const Bytes first = at.value(at.nextVersion(), "first");
    const Bytes second = at.value(at.nextVersion(), "second");
    at.set(a, first);
    at.set(b, second);
    const Key keys[] = {b, absent, a, b, absent};
    const Bytes expected[] = {second, "", first, second, ""};
    const auto answers = at.store().get(keys, at.soon());
    require(answers.size() == 5, "5 keys, " + std::to_string(answers.size()) + " answers");
    for (std::size_t i = 0; i < answers.size(); ++i)
        require(answers[i].ok() && answers[i].value() == expected[i],
                "answer " + std::to_string(i) + " is not that of its key");
}

void emptyBatchesAnswerNothing(StoreFixture& at) {
    require(at.store().get({}, at.soon()).empty(), "get of no keys gave answers");
    require(at.store().put({}, at.soon()).empty(), "put of nothing gave answers");
    require(at.store().lease({}, {at.nextVersion(), at.now() + 1000}, at.soon()).empty(),
            "lease of no keys gave answers");
}

void largeBatchesAreWhole(StoreFixture& at) {
    constexpr std::size_t kCount = 1000;
    std::vector<std::string> keys;
    std::vector<Bytes> envelopes;
    std::vector<spi::Put> puts;
    for (std::size_t i = 0; i < kCount; ++i) {
        keys.push_back(at.key(std::to_string(i)));
        envelopes.push_back(at.value(at.nextVersion(), keys.back()));
    }
    const std::int64_t expiresMs = at.now() + 60'000;
    for (std::size_t i = 0; i < kCount; ++i)
        puts.push_back({keys[i], spi::PutMode::Overwrite, envelopes[i], {}, expiresMs, false});
    const auto outcomes = at.store().put(puts, at.soon());
    require(outcomes.size() == kCount, "put answered another number of keys than it was given");
    for (const auto& outcome : outcomes)
        require(outcome.ok() && outcome.value() == spi::PutOutcome::Stored,
                "a put of a large batch was not stored");
    const auto answers = at.store().get(std::vector<Key>(keys.begin(), keys.end()), at.soon());
    require(answers.size() == kCount, "get answered another number of keys than it was given");
    for (std::size_t i = 0; i < kCount; ++i)
        require(answers[i].ok() && answers[i].value() == envelopes[i],
                "a value of a large batch is not what was put");
}

template <class T>
void requireTimeouts(const std::vector<Result<T>>& answers, const char* call) {
    require(answers.size() == 1, std::string(call) + " did not answer for its key");
    require(!answers[0].ok() && answers[0].error().code == ErrorCode::Timeout,
            std::string(call) + " after its deadline did not answer Timeout");
}

void aPassedDeadlineIsATimeout(StoreFixture& at) {
    const std::string key = at.key("k");
    const Key keys[] = {key};
    const Bytes envelope = at.value(at.nextVersion(), "v");
    const spi::Put put{key, spi::PutMode::Overwrite, envelope, {}, at.now() + 60'000, true};
    const Deadline passed = Deadline::in(at.subject().clock, Duration::zero());
    requireTimeouts(at.store().get(keys, passed), "get");
    requireTimeouts(at.store().lease(keys, {at.nextVersion(), at.now() + 60'000}, passed), "lease");
    requireTimeouts(at.store().put({&put, 1}, passed), "put");
    requireTimeouts(std::vector{at.store().sweep(at.key(""), 1, passed)}, "sweep");
    requireTimeouts(std::vector{at.store().time(passed)}, "time");
    require(at.get(key).empty(), "a call after its deadline had an effect");
}

std::uint64_t sweepAll(StoreFixture& at, const std::string& prefix, std::uint64_t live) {
    std::uint64_t total = 0;
    for (int call = 0; call < 10'000; ++call) {
        const auto swept = at.store().sweep(prefix, live, at.soon());
        if (!swept.ok()) throw BrokenPromise("sweep: " + swept.error().message);
        if (swept.value() == 0) return total;
        total += swept.value();
    }
    throw BrokenPromise("sweep never came to 0");
}

void sweepDeletesWhatTheMarkerKilled(StoreFixture& at) {
    const std::string prefix = at.key("in:");
    constexpr int kDead = 300;
    for (int i = 0; i < kDead; ++i) {
        const Version v = at.nextVersion();
        const EntryKind kind = i % 2 == 0 ? EntryKind::Value : EntryKind::Negative;
        at.set(prefix + std::to_string(i), at.envelope(kind, v, v, "", 7));
    }
    const Version v = at.nextVersion();
    const Bytes live = at.envelope(EntryKind::Value, v, v, "live", 8);
    const Bytes removed = at.envelope(EntryKind::Tombstone, v, v, "", 7);
    at.set(prefix + "live", live);
    at.set(prefix + "removed", removed);
    const Bytes leased = at.lease(prefix + "leased", at.nextVersion(), minutes(1));
    require(sweepAll(at, prefix, 8) == kDead, "sweep counted another number than it had to delete");
    for (int i = 0; i < kDead; ++i)
        require(at.get(prefix + std::to_string(i)).empty(), "sweep left a dead entry");
    require(at.get(prefix + "live") == live, "sweep deleted a live entry");
    require(at.get(prefix + "removed") == removed, "sweep deleted a tombstone");
    require(at.get(prefix + "leased") == leased, "sweep deleted a lease");
}

void sweepKeepsToItsPrefix(StoreFixture& at) {
    const Version v = at.nextVersion();
    const Bytes dead = at.envelope(EntryKind::Value, v, v, "", 1);
    for (const char* name : {"p", "p\xff", "p\xff\xff", "p\xff\xff x", "q", "o", "P\xff"})
        at.set(at.key(name), dead);
    require(sweepAll(at, at.key("p\xff"), 2) == 3, "the prefix covers 3 keys");
    for (const char* name : {"p", "q", "o", "P\xff"})
        require(!at.get(at.key(name)).empty(), "a key outside the prefix was swept");
}

void timeMovesForward(StoreFixture& at) {
    const std::int64_t before = at.now();
    at.pass(milliseconds(50));
    require(at.now() >= before + 50, "50 ms passed, and store time moved less");
}

void storesOfOneBackendSeeEachOther(StoreFixture& at) {
    const auto other = at.anotherStore();
    const std::string key = at.key("k");
    const Bytes envelope = at.value(at.nextVersion(), "v");
    at.set(key, envelope);
    const Key keys[] = {key};
    require(only(other->get(keys, at.soon()), "get") == envelope,
            "another store on the backend does not see a put");
    const Bytes second = at.value(at.nextVersion(), "w");
    const spi::Put put{key, spi::PutMode::Overwrite, second, {}, at.now() + 60'000, true};
    only(other->put({&put, 1}, at.soon()), "put");
    require(at.get(key) == second, "a put through another store is not seen");
}

void countersHaveNames(StoreFixture& at) {
    std::set<std::string> names;
    for (const auto& counter : at.store().counters()) {
        require(!counter.first.empty(), "a counter has no name");
        require(names.insert(counter.first).second, "two counters named " + counter.first);
    }
}

constexpr Check<StoreFixture> kChecks[] = {
    {"AbsentKeysAreEmpty", absentKeysAreEmpty},
    {"WhatWasPutIsRead", whatWasPutIsRead},
    {"EmptyPayloadsAreKept", emptyPayloadsAreKept},
    {"AMebibyteIsKept", aMebibyteIsKept},
    {"KeysHoldAnyBytes", keysHoldAnyBytes},
    {"TombstonesAreReadLikeValues", tombstonesAreReadLikeValues},
    {"AnEntryEndsAtItsExpiry", anEntryEndsAtItsExpiry},
    {"AnOverwriteThatHasExpiredLeavesNothing", anOverwriteThatHasExpiredLeavesNothing},
    {"BatchesAnswerInOrder", batchesAnswerInOrder},
    {"EmptyBatchesAnswerNothing", emptyBatchesAnswerNothing},
    {"LargeBatchesAreWhole", largeBatchesAreWhole},
    {"APassedDeadlineIsATimeout", aPassedDeadlineIsATimeout},
    {"SweepDeletesWhatTheMarkerKilled", sweepDeletesWhatTheMarkerKilled},
    {"SweepKeepsToItsPrefix", sweepKeepsToItsPrefix},
    {"TimeMovesForward", timeMovesForward},
    {"StoresOfOneBackendSeeEachOther", storesOfOneBackendSeeEachOther},
    {"CountersHaveNames", countersHaveNames},
};

}  // namespace

void checkReads(const StoreSubject& subject, std::vector<CheckResult>& results) {
    runChecks(subject, kChecks, results);
}

}  // namespace oxcache::conformance
