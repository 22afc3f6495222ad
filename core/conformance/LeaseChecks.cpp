#include <thread>

#include "StoreFixture.h"

/// Leases: what a load leaves behind, and how it meets writes and removes.
namespace oxcache::conformance {
namespace {

using spi::PutMode;
using spi::PutOutcome;
using std::chrono::milliseconds;
using std::chrono::minutes;

constexpr Duration kLong = minutes(1);

EnvelopeHeader decoded(const Bytes& bytes) {
    const auto envelope = decodeEnvelope(bytes);
    if (!envelope.ok()) throw BrokenPromise("no envelope: " + envelope.error().message);
    return envelope.value().header;
}

void anAbsentKeyGetsALease(StoreFixture& at) {
    const Version version = at.nextVersion();
    const Bytes bytes = at.lease(at.key("k"), version, kLong);
    const EnvelopeHeader lease = decoded(bytes);
    require(lease.kind == EntryKind::Lease, "what stands after a lease is none");
    require(lease.version == version, "a lease bears another version than was asked for");
    require(!lease.written, "a lease at an absent key names a write");
    require(at.get(at.key("k")) == bytes, "get does not return the lease");
}

void aGetLeavesNoLease(StoreFixture& at) {
    require(at.get(at.key("k")).empty(), "a key that was never put gave bytes");
    require(at.get(at.key("k")).empty(), "a get left something behind");
}

void aStandingLeaseIsJoined(StoreFixture& at) {
    const auto other = at.anotherStore();
    const std::string key = at.key("k");
    const Bytes first = at.lease(key, at.nextVersion(), kLong);
    require(at.lease(key, at.nextVersion(), kLong) == first, "a standing lease was replaced");
    const Key keys[] = {key};
    require(only(other->lease(keys, {at.nextVersion(), at.now() + 60'000}, at.soon()), "lease") ==
                first,
            "a lease was replaced through another store");
}

void aLeaseEnds(StoreFixture& at) {
    at.lease(at.key("k"), at.nextVersion(), milliseconds(150));
    at.pass(milliseconds(200));
    require(at.get(at.key("k")).empty(), "an ended lease was returned");
    const Version second = at.nextVersion();
    require(decoded(at.lease(at.key("k"), second, kLong)).version == second,
            "an ended lease was joined");
}

void aLeaseLeavesWhatIsThere(StoreFixture& at) {
    const Version version = at.nextVersion();
    for (const EntryKind kind : {EntryKind::Value, EntryKind::Negative}) {
        const std::string key = at.key(std::to_string(static_cast<int>(kind)));
        const Bytes envelope = at.envelope(kind, version, version);
        at.set(key, envelope);
        require(at.lease(key, at.nextVersion(), kLong) == envelope,
                "a lease did not return the value or negative that stands");
        require(at.get(key) == envelope, "a lease replaced a value or a negative");
    }
}

void aFillBesideItsLeaseIsStored(StoreFixture& at) {
    const Version lease = at.nextVersion();
    at.lease(at.key("k"), lease, kLong);
    const Bytes fill = at.envelope(EntryKind::Value, at.nextVersion(), Version{}, "loaded");
    require(at.put(PutMode::FillIfUnchanged, at.key("k"), fill, kLong, lease) == PutOutcome::Stored,
            "a fill was refused although its lease stands");
    require(at.get(at.key("k")) == fill, "a stored fill is not what stands");
}

void aLostLeaseRefusesTheFill(StoreFixture& at) {
    const auto refused = [&](const std::string& key, const Version& lease) {
        const Bytes fill = at.envelope(EntryKind::Value, at.nextVersion(), Version{}, "loaded");
        return at.put(PutMode::FillIfUnchanged, key, fill, kLong, lease) == PutOutcome::Refused;
    };
    const Version lease = at.nextVersion();
    at.lease(at.key("set"), lease, kLong);
    at.set(at.key("set"), at.value(at.nextVersion(), "written during the load"));
    require(refused(at.key("set"), lease), "a load overwrote a write that came during it");
    at.lease(at.key("removed"), lease, kLong);
    at.set(at.key("removed"), at.tombstone(at.nextVersion()));
    require(refused(at.key("removed"), lease), "a load overwrote a remove that came during it");
    at.lease(at.key("ended"), lease, milliseconds(100));
    at.pass(milliseconds(150));
    require(refused(at.key("ended"), lease), "a fill was stored after its lease had ended");
}

void aLeaseInheritsFromTheTombstone(StoreFixture& at) {
    const std::string key = at.key("k");
    const Version before = at.nextVersion(), removed = at.nextVersion();
    at.set(key, at.tombstone(removed), kLong);
    const Version version = at.nextVersion();
    const EnvelopeHeader lease = decoded(at.lease(key, version, milliseconds(150)));
    require(lease.kind == EntryKind::Lease && lease.version == version,
            "a tombstone was not replaced by the lease");
    require(lease.written == removed, "a lease forgot the remove that it replaced");
    at.pass(milliseconds(200));
    require(at.put(PutMode::IfNewer, key, at.value(before, "1"), kLong) == PutOutcome::Refused,
            "the remove was forgotten when the lease ended");
}

void aLeaseOutlivesAShorterTombstone(StoreFixture& at) {
    const std::string key = at.key("k");
    at.set(key, at.tombstone(at.nextVersion()), milliseconds(150));
    const Version version = at.nextVersion();
    at.lease(key, version, kLong);
    at.pass(milliseconds(200));
    require(at.headerAt(key).version == version, "a lease ended with the tombstone it replaced");
}

void anEndedLeaseOverARemoveIsReplaced(StoreFixture& at) {
    const std::string key = at.key("k");
    const Version removed = at.nextVersion();
    at.set(key, at.tombstone(removed), kLong);
    at.lease(key, at.nextVersion(), milliseconds(150));
    at.pass(milliseconds(200));
    const Version second = at.nextVersion();
    const EnvelopeHeader lease = decoded(at.lease(key, second, kLong));
    require(lease.version == second, "a lease that had ended was joined");
    require(lease.written == removed, "a second lease forgot the remove");
}

void leasesAnswerInOrder(StoreFixture& at) {
    const std::string value = at.key("value"), absent = at.key("absent"), leased = at.key("leased");
    const Bytes envelope = at.value(at.nextVersion(), "v");
    at.set(value, envelope);
    const Bytes standing = at.lease(leased, at.nextVersion(), kLong);
    const Version version = at.nextVersion();
    const Key keys[] = {absent, value, leased};
    const auto answers = at.store().lease(keys, {version, at.now() + 60'000}, at.soon());
    require(answers.size() == 3, "3 keys, " + std::to_string(answers.size()) + " answers");
    for (const auto& answer : answers) require(answer.ok(), "a lease failed");
    require(decoded(answers[0].value()).version == version && answers[1].value() == envelope &&
                answers[2].value() == standing,
            "an answer is not that of its key");
}

void concurrentLeasesAreOne(StoreFixture& at) {
    const auto other = at.anotherStore();
    for (int round = 0; round < 20; ++round) {
        const std::string key = at.key(std::to_string(round));
        const Key keys[] = {key};
        std::vector<spi::LeaseRequest> requests;
        for (int i = 0; i < 4; ++i) requests.push_back({at.nextVersion(), at.now() + 60'000});
        std::vector<Bytes> answers(requests.size());
        std::vector<std::thread> threads;
        for (std::size_t i = 0; i < requests.size(); ++i)
            threads.emplace_back([&, i] {
                spi::RemoteStore& store = i % 2 == 0 ? at.store() : *other;
                auto answer = store.lease(keys, requests[i], at.soon());
                if (answer.size() == 1 && answer[0].ok()) answers[i] = answer[0].value();
            });
        for (std::thread& thread : threads) thread.join();
        for (const Bytes& answer : answers)
            require(!answer.empty() && answer == answers[0], "two loaders hold different leases");
    }
}

constexpr Check<StoreFixture> kChecks[] = {
    {"AnAbsentKeyGetsALease", anAbsentKeyGetsALease},
    {"AGetLeavesNoLease", aGetLeavesNoLease},
    {"AStandingLeaseIsJoined", aStandingLeaseIsJoined},
    {"ALeaseEnds", aLeaseEnds},
    {"ALeaseLeavesWhatIsThere", aLeaseLeavesWhatIsThere},
    {"AFillBesideItsLeaseIsStored", aFillBesideItsLeaseIsStored},
    {"ALostLeaseRefusesTheFill", aLostLeaseRefusesTheFill},
    {"ALeaseInheritsFromTheTombstone", aLeaseInheritsFromTheTombstone},
    {"ALeaseOutlivesAShorterTombstone", aLeaseOutlivesAShorterTombstone},
    {"AnEndedLeaseOverARemoveIsReplaced", anEndedLeaseOverARemoveIsReplaced},
    {"LeasesAnswerInOrder", leasesAnswerInOrder},
    {"ConcurrentLeasesAreOne", concurrentLeasesAreOne},
};

}  // namespace

void checkLeases(const StoreSubject& subject, std::vector<CheckResult>& results) {
    runChecks(subject, kChecks, results);
}

}  // namespace oxcache::conformance
