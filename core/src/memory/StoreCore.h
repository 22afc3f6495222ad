#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "AdmissionCounters.h"
#include "MemoryStore.h"
#include "ReadPath.h"
#include "Shard.h"
#include "WindowTuner.h"

namespace oxcache::memory {

/// The parts of a MemoryStore and what takes several of them.
class OXCACHE_INTERNAL StoreCore {
public:
    StoreCore(const MemoryOptions& options, Clock& clock);
    ~StoreCore();
    StoreCore(const StoreCore&) = delete;
    StoreCore& operator=(const StoreCore&) = delete;

    Shard& shardOf(std::uint64_t hash) const noexcept {
        return *shards_[reads.tables.shardOf(hash)];
    }
    std::int64_t nowMs() const noexcept { return reads.sinceBegan(clock_.steady()); }

    /// Where a value comes from: from below, or from the application.
    enum class Origin { Fill, Write };
    /// A value is admitted if neither its key's counter nor the epoch has moved; without a counter
    /// in any case.
    struct Terms {
        std::optional<std::uint64_t> counter{};
        EpochGuard guard{};
    };
    /// The terms must stand under the shard's lock, each time it has been taken. A write that is
    /// refused erases; whatever becomes of it under the lock, it moves the key's counter.
    bool admit(Key key, EntryPtr&& entry, const Residence& residence, Origin origin,
               const Terms& terms);
    enum class Counter { Moves, Stays };
    struct Erased {
        bool erased = false;
        /// After the move, if it was to move.
        std::uint64_t counter = 0;
    };
    /// Moves the key's counter first, then erases what is meant.
    Erased erase(std::uint64_t hash, Key key, RemovalCause cause, Counter counter,
                 FunctionRef<bool(const Entry&)> meant);
    void clear();
    void resize(std::uint64_t maxEntries, std::uint64_t maxBytes);
    void cleanUp();
    void forEachLive(FunctionRef<void(const Entry&)> reader) const;
    std::vector<EntryPtr> ranked(std::size_t count, bool hottest) const;
    std::optional<EntryReport> inspect(Key key) const;
    MemoryStatistics statistics() const;

    ReadPath reads;
    StoreCommons commons;
    AdmissionCounters counters;
    RemovalListener listener;

private:
    struct Newcomer;
    enum class Step { Done, Elsewhere };

    bool stand(const Terms& terms, std::uint64_t hash) const noexcept {
        return !terms.counter || (counters.of(hash) == *terms.counter && terms.guard.unchanged());
    }
    std::int64_t deadlineIn(Duration ttl) const noexcept;
    struct Admission {
        const std::uint64_t hash;
        const Origin origin;
        const Terms& terms;
        ThreadRecord& record;
    };
    // What is seldom needed is not inlined into admit(), whose registers it would take.
    [[gnu::noinline]] bool admitRich(Shard& shard, EntryPtr&& entry, const Residence& residence,
                                     const Admission& admission);
    [[gnu::noinline]] bool admitPlain(Shard& shard, EntryPtr&& entry, std::int64_t deadline,
                                      const Admission& admission) OXCACHE_RELEASE(shard.mutex);
    bool admitLocked(Shard& shard, Newcomer& newcomer, const Admission& admission)
        OXCACHE_RELEASE(shard.mutex);
    void placeLocked(Shard& shard, Newcomer& newcomer, const Admission& admission,
                     Aftermath& aftermath) OXCACHE_RELEASE(shard.mutex);
    void enrich(Newcomer& newcomer, const Residence& residence);
    bool claim(Shard& shard, std::uint64_t hash, Newcomer& newcomer, Room& room,
               Aftermath& aftermath) OXCACHE_REQUIRES(shard.mutex);
    void claimLinked(Shard& shard, std::uint64_t hash, Newcomer& newcomer, Room& room,
                     Aftermath& aftermath) OXCACHE_REQUIRES(shard.mutex);
    void eraseOld(Shard& shard, std::uint64_t hash, const Newcomer& newcomer, Room& room,
                  Aftermath& aftermath) OXCACHE_REQUIRES(shard.mutex);
    Step place(Shard& shard, std::uint64_t hash, Newcomer& newcomer, Room& room,
               Aftermath& aftermath) OXCACHE_REQUIRES(shard.mutex);
    bool lean(const Shard& shard) const noexcept;
    bool evictElsewhere(const Shard* own, Aftermath& aftermath);
    void finish(Aftermath& aftermath) const;
    void tellListener(Aftermath& aftermath) const;
    void reclaimAll();
    void showSamples(ThreadRecord& record);

    Clock& clock_;
    alignas(64) std::atomic<std::uint64_t> tooLarge_{0};
    std::atomic<std::uint64_t> overtaken_{0};
    mutable WindowTuner tuner_{reads.sampleMask};
    std::vector<std::unique_ptr<Shard>> shards_;
};

}  // namespace oxcache::memory
