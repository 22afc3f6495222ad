#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "coherence/StoreClock.h"
#include "oxcache/base/Deadline.h"
#include "oxcache/base/Envelope.h"
#include "oxcache/base/Mutex.h"
#include "oxcache/base/Options.h"
#include "oxcache/base/Result.h"
#include "oxcache/spi/RemoteStore.h"
#include "reporting/ServiceCounters.h"
#include "stages/ClearMarkers.h"
#include "stages/EntryPolicy.h"
#include "stages/ServiceSettings.h"

namespace oxcache::stages {

/// L2's answer for one key, judged. Found and Stale have a payload. Failed: the store could not be
/// asked. Everything else is Missing; what a fill may replace is then in `observed`.
struct RemoteEntry {
    enum class State { Missing, Found, Stale, Failed };
    State state = State::Missing;
    Bytes bytes{};
    EnvelopeHeader header{};
    /// The version that stands at the key, if any does: a lease's, a stale or a dead entry's.
    Version observed{};
    /// The last application write behind what stands there.
    Version written{};
    /// True where a fill replaces a value that other processes may hold.
    bool replaces = false;
    /// True where the lease at the key is another loader's.
    bool othersLease = false;
    /// True where what stands at the key is no entry of ours.
    bool undecodable = false;
    Error error{};

    BytesView payload() const noexcept { return BytesView(bytes).substr(envelope::kHeaderSize); }
};

/// An entry on its way into L2.
struct RemotePut {
    Key key{};
    EntryKind kind = EntryKind::Value;
    BytesView payload{};
    CodecId codec = CodecId::Raw;
    const EntryPolicy* policy = nullptr;
    /// Set for a fill: what was observed when its load began.
    const RemoteEntry* observed = nullptr;
    /// When its write or load began.
    Generations generations{};
};

struct RemoteStored {
    spi::PutOutcome outcome = spi::PutOutcome::Refused;
    EnvelopeHeader header{};
};

/// L2 as the paths use it: keys under the service's prefix, envelopes, stamps, markers of clears,
/// leases. Thread-safe. Every call takes at most the service's deadline.
class OXCACHE_INTERNAL RemoteStage {
public:
    RemoteStage(const ServiceSettings& settings, std::unique_ptr<spi::RemoteStore> store,
                Clock& clock, coherence::StoreClock& time, coherence::VersionSource& versions,
                reporting::ServiceCounters& counters);

    std::vector<RemoteEntry> read(std::span<const Key> keys, Deadline deadline);
    /// As read(), leaving a lease where nothing is: before a load.
    std::vector<RemoteEntry> lease(std::span<const Key> keys, Deadline deadline);
    std::vector<Result<RemoteStored>> put(std::span<const RemotePut> puts, Deadline deadline);
    std::vector<Result<Version>> remove(std::span<const Key> keys, Deadline deadline);
    /// Takes back a lease that no value will replace, if it still stands.
    void release(Key key, const RemoteEntry& lease, Deadline deadline);
    /// Makes what stands at the key stale. The default version where nothing stands.
    Result<Version> expire(Key key, Deadline deadline);

    /// The generations that a write or load beginning now carries.
    Result<Generations> generations(Deadline deadline) {
        return settings_.raw ? Result<Generations>(Generations{}) : markers_.current(deadline);
    }
    Result<Version> clear(ClearMode mode, Deadline deadline);
    void doubtMarkers() noexcept { markers_.doubt(); }
    const std::array<std::string, 2>& markerKeys() const noexcept { return markers_.keys(); }

    /// For the application's own commands to the server behind the store.
    Result<CommandReply> command(std::span<const BytesView> arguments, Deadline deadline);

    /// Deletes what clears have killed, a bounded part at a time; false when nothing is left.
    bool sweep(Deadline deadline);
    /// Asks for the store's time: learns the offset and the health.
    void probe();
    bool healthy() const noexcept { return healthy_.load(std::memory_order_acquire); }
    /// What the last failure said.
    std::string trouble() const;
    std::vector<std::pair<std::string, std::uint64_t>> counters() const {
        return store_->counters();
    }
    std::int64_t nowMs() const noexcept { return time_.nowMs(); }
    Deadline bounded(Deadline deadline) const {
        return Deadline::in(clock_, settings_.deadline).earlier(deadline);
    }

private:
    std::vector<std::string> physical(std::span<const Key> keys) const;
    RemoteEntry judge(Result<Bytes> reply, Generations& generations, bool& reread,
                      Deadline deadline);
    std::vector<RemoteEntry> judgeAll(std::vector<Result<Bytes>> replies,
                                      const Result<Generations>& generations, Deadline deadline);
    std::vector<RemoteEntry> allFailed(std::size_t count, const Error& error);
    Result<Version> clearRaw(Deadline deadline);
    void touch(std::span<const std::string> keys, const std::vector<RemoteEntry>& entries,
               Deadline deadline);
    EnvelopeHeader headerOf(const RemotePut& put);
    /// Notes how the store answered.
    void note(const Error& error);

    const ServiceSettings& settings_;
    std::unique_ptr<spi::RemoteStore> store_;
    Clock& clock_;
    coherence::StoreClock& time_;
    coherence::VersionSource& versions_;
    reporting::ServiceCounters& counters_;
    ClearMarkers markers_;
    std::atomic<bool> healthy_{true};
    std::atomic<bool> sweepDue_{false};
    mutable Mutex mutex_;
    std::string trouble_ OXCACHE_GUARDED_BY(mutex_);
};

}  // namespace oxcache::stages
