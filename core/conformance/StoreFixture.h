#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "Check.h"
#include "oxcache/base/Envelope.h"

namespace oxcache::conformance {

/// A store under test with keys, versions and envelopes for one check. Not thread-safe, except
/// that `store()` may be used from several threads.
class StoreFixture {
public:
    StoreFixture(const StoreSubject& subject, const std::string& check);

    const StoreSubject& subject() const { return subject_; }
    spi::RemoteStore& store() { return *store_; }
    /// A further store on the same backend.
    std::unique_ptr<spi::RemoteStore> anotherStore() const;

    /// A key of this check only.
    std::string key(const std::string& name) const { return prefix_ + name; }
    /// A version later than all before.
    Version nextVersion();
    Deadline soon() const { return Deadline::in(subject_.clock, std::chrono::seconds(10)); }
    /// Store time.
    std::int64_t now();
    void pass(Duration time) const { subject_.pass(time); }

    static Bytes envelope(EntryKind kind, const Version& version, const Version& written,
                          BytesView payload = {}, std::uint64_t removeGeneration = 0);
    static Bytes value(const Version& version, BytesView payload) {
        return envelope(EntryKind::Value, version, version, payload);
    }
    static Bytes tombstone(const Version& version) {
        return envelope(EntryKind::Tombstone, version, version);
    }

    /// Puts one key; a failing call breaks the check.
    spi::PutOutcome put(spi::PutMode mode, const std::string& key, BytesView envelope,
                        Duration life, const Version& observed = {}, bool publish = true);
    /// An Overwrite that must be stored, with a minute to live.
    void set(const std::string& key, BytesView envelope, Duration life = std::chrono::minutes(1));
    /// What stands at one key; empty: nothing. A failing call breaks the check.
    Bytes get(const std::string& key);
    /// What stands after a lease with `version` was asked for.
    Bytes lease(const std::string& key, const Version& version, Duration life);
    /// The header of what stands; a key at which no envelope stands breaks the check.
    EnvelopeHeader headerAt(const std::string& key);

private:
    const StoreSubject& subject_;
    std::string prefix_;
    std::unique_ptr<spi::RemoteStore> store_;
    Version last_{};
};

/// Breaks the check unless the answer is one success; gives it.
template <class T>
T only(std::vector<Result<T>> answers, const std::string& call) {
    require(answers.size() == 1,
            call + ": " + std::to_string(answers.size()) + " answers for one key");
    if (!answers[0].ok())
        throw BrokenPromise(call + ": " + std::string(toString(answers[0].error().code)) + ": " +
                            answers[0].error().message);
    return std::move(answers[0]).value();
}

/// The parts of the RemoteStore suite.
void checkReads(const StoreSubject& subject, std::vector<CheckResult>& results);
void checkPuts(const StoreSubject& subject, std::vector<CheckResult>& results);
void checkLeases(const StoreSubject& subject, std::vector<CheckResult>& results);

}  // namespace oxcache::conformance
