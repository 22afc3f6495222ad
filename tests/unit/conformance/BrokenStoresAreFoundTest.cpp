#include <doctest/doctest.h>

#include <algorithm>

#include "FakeSubject.h"

using namespace oxcache;
using namespace oxcache::testing;

namespace {

/// A store that breaks one promise, given as a function that may change the calls and answers of a
/// sound one.
struct Defect {
    std::function<void(std::vector<spi::Put>&)> puts{};
    std::function<void(spi::LeaseRequest&)> leases{};
    std::function<void(std::vector<Result<Bytes>>&)> reads{};
    std::function<void(std::vector<Result<spi::PutOutcome>>&)> outcomes{};
    bool ignoresDeadlines = false;
    bool forgetsWhatALeaseReplaces = false;
};

class BrokenStore final : public spi::RemoteStore {
public:
    BrokenStore(std::shared_ptr<FakeBackend> backend, Defect defect)
        : sound_(std::move(backend)), defect_(std::move(defect)) {}

    std::vector<Result<Bytes>> get(std::span<const Key> keys, Deadline deadline) override {
        auto answers = sound_.get(keys, limit(deadline));
        if (defect_.reads) defect_.reads(answers);
        return answers;
    }
    std::vector<Result<Bytes>> lease(std::span<const Key> keys, const spi::LeaseRequest& request,
                                     Deadline deadline) override {
        spi::LeaseRequest changed = request;
        if (defect_.leases) defect_.leases(changed);
        for (const Key key : keys) {
            const auto standing = sound_.backend().at(key);
            if (defect_.forgetsWhatALeaseReplaces && standing &&
                peekEnvelope(*standing)->kind == EntryKind::Tombstone)
                sound_.backend().erase(key);
        }
        return sound_.lease(keys, changed, limit(deadline));
    }
    std::vector<Result<spi::PutOutcome>> put(std::span<const spi::Put> puts,
                                             Deadline deadline) override {
        std::vector<spi::Put> changed(puts.begin(), puts.end());
        if (defect_.puts) defect_.puts(changed);
        auto outcomes = sound_.put(changed, limit(deadline));
        if (defect_.outcomes) defect_.outcomes(outcomes);
        return outcomes;
    }
    Result<std::uint64_t> sweep(Key prefix, std::uint64_t live, Deadline deadline) override {
        return sound_.sweep(prefix, live, limit(deadline));
    }
    Result<std::int64_t> time(Deadline deadline) override { return sound_.time(limit(deadline)); }
    std::vector<std::pair<std::string, std::uint64_t>> counters() const override { return {}; }

private:
    Deadline limit(Deadline deadline) const {
        return defect_.ignoresDeadlines ? Deadline::never() : deadline;
    }
    FakeRemoteStore sound_;
    const Defect defect_;
};

std::vector<std::string> failuresWith(const Defect& defect, Duration patience) {
    FakeSubject fake;
    conformance::StoreSubject subject = fake.subject();
    subject.patience = patience;
    subject.makeStore = [&]() -> Result<std::unique_ptr<spi::RemoteStore>> {
        return std::unique_ptr<spi::RemoteStore>(new BrokenStore(fake.backend, defect));
    };
    std::vector<std::string> failures;
    auto results = conformance::checkRemoteStore(subject);
    for (auto& result : conformance::checkInvalidationBus(subject)) results.push_back(result);
    for (const conformance::CheckResult& result : results)
        if (!result.passed) failures.push_back(result.name);
    return failures;
}

bool finds(const Defect& defect, const std::string& check) {
    const auto failures = failuresWith(defect, std::chrono::milliseconds(20));
    return std::find(failures.begin(), failures.end(), check) != failures.end();
}

Defect changingEveryPut(std::function<void(spi::Put&)> change) {
    Defect defect;
    defect.puts = [change = std::move(change)](std::vector<spi::Put>& puts) {
        for (spi::Put& put : puts) change(put);
    };
    return defect;
}

Defect treating(spi::PutMode mode, spi::PutMode as) {
    return changingEveryPut([=](spi::Put& put) {
        if (put.mode == mode) put.mode = as;
    });
}

}  // namespace

TEST_CASE("ASoundStoreFailsNothing") { CHECK(failuresWith({}, std::chrono::seconds(10)).empty()); }

TEST_CASE("UnconditionalFillsAreFound") {
    const Defect defect = treating(spi::PutMode::FillIfUnchanged, spi::PutMode::Overwrite);
    CHECK(finds(defect, "AFillNeedsTheObservedVersion"));
    CHECK(finds(defect, "AbsentIsNeverAnObservation"));
    CHECK(finds(defect, "ARemoveRefusesTheFill"));
    CHECK(finds(defect, "ALostLeaseRefusesTheFill"));
    CHECK(finds(defect, "OneOfConcurrentFillsIsStored"));
}

TEST_CASE("UnconditionalReplaysAreFound") {
    const Defect defect = treating(spi::PutMode::IfNewer, spi::PutMode::Overwrite);
    CHECK(finds(defect, "IfNewerComparesWrittenAlone"));
    CHECK(finds(defect, "IfNewerHonoursTombstones"));
    CHECK(finds(defect, "ALeaseInheritsFromTheTombstone"));
    CHECK(finds(defect, "RefusedPutsAreNotHeard"));
}

TEST_CASE("ConditionalOverwritesAreFound") {
    const Defect defect = treating(spi::PutMode::Overwrite, spi::PutMode::IfNewer);
    CHECK(finds(defect, "AnOverwriteNeedsNoCondition"));
}

TEST_CASE("TouchesThatReplaceAreFound") {
    const Defect defect = treating(spi::PutMode::Touch, spi::PutMode::FillIfUnchanged);
    CHECK(finds(defect, "TouchMovesOnlyTheExpiry"));
}

TEST_CASE("ForgottenExpiriesAreFound") {
    const Defect defect =
        changingEveryPut([](spi::Put& put) { put.expiresMs += std::int64_t{1} << 40; });
    CHECK(finds(defect, "AnEntryEndsAtItsExpiry"));
    CHECK(finds(defect, "AnOverwriteThatHasExpiredLeavesNothing"));
    CHECK(finds(defect, "TouchNeedsTheObservedVersion"));
}

TEST_CASE("TruncatedKeysAreFound") {
    const Defect defect =
        changingEveryPut([](spi::Put& put) { put.key = put.key.substr(0, put.key.find('\0')); });
    CHECK(finds(defect, "KeysHoldAnyBytes"));
}

TEST_CASE("UnpublishedPutsAreFound") {
    CHECK(finds(changingEveryPut([](spi::Put& put) { put.publish = false; }), "OwnPutsAreHeard"));
    CHECK(finds(changingEveryPut([](spi::Put& put) { put.publish = true; }),
                "WhatIsNotPublishedIsNotHeard"));
}

TEST_CASE("AnswersOutOfOrderAreFound") {
    Defect reads;
    reads.reads = [](auto& answers) { std::reverse(answers.begin(), answers.end()); };
    CHECK(finds(reads, "BatchesAnswerInOrder"));
    Defect puts;
    puts.outcomes = [](auto& outcomes) {
        if (outcomes.size() > 1)
            std::rotate(outcomes.begin(), outcomes.begin() + 1, outcomes.end());
    };
    CHECK_FALSE(finds(puts, "WhatWasPutIsRead"));
    CHECK(finds(puts, "PutsAnswerPerKey"));
}

TEST_CASE("EndlessLeasesAreFound") {
    Defect defect;
    defect.leases = [](spi::LeaseRequest& request) { request.expiresMs += 3'600'000; };
    CHECK(finds(defect, "ALeaseEnds"));
    CHECK(finds(defect, "ALostLeaseRefusesTheFill"));
    CHECK(finds(defect, "AnEndedLeaseOverARemoveIsReplaced"));
}

TEST_CASE("LeasesThatForgetARemoveAreFound") {
    Defect defect;
    defect.forgetsWhatALeaseReplaces = true;
    CHECK(finds(defect, "ALeaseInheritsFromTheTombstone"));
    CHECK(finds(defect, "AnEndedLeaseOverARemoveIsReplaced"));
}

TEST_CASE("IgnoredDeadlinesAreFound") {
    Defect defect;
    defect.ignoresDeadlines = true;
    CHECK(finds(defect, "APassedDeadlineIsATimeout"));
}
