#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
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
    /// `allowed` is asked under the shard's lock, each time it has been taken, with the key's hash.
    /// A write that is not allowed erases; whatever becomes of it, it moves the key's counter.
    bool admit(EntryPtr&& entry, const Residence& residence, Origin origin,
               FunctionRef<bool(std::uint64_t hash)> allowed);
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

    // What is seldom needed is not inlined into admit(), whose registers it would take.
    [[gnu::noinline]] void prepare(Newcomer& newcomer, const Residence& residence);
    bool claim(Shard& shard, std::uint64_t hash, Newcomer& newcomer, Room& room,
               Aftermath& aftermath) OXCACHE_REQUIRES(shard.mutex);
    [[gnu::noinline]] void claimLinked(Shard& shard, std::uint64_t hash, Newcomer& newcomer,
                                       Room& room, Aftermath& aftermath)
        OXCACHE_REQUIRES(shard.mutex);
    [[gnu::noinline]] void eraseOld(Shard& shard, std::uint64_t hash, const Newcomer& newcomer,
                                    Room& room, Aftermath& aftermath) OXCACHE_REQUIRES(shard.mutex);
    Step place(Shard& shard, std::uint64_t hash, Newcomer& newcomer, Room& room,
               Aftermath& aftermath) OXCACHE_REQUIRES(shard.mutex);
    bool lean(const Shard& shard) const noexcept;
    [[gnu::noinline]] bool evictElsewhere(const Shard* own, Aftermath& aftermath);
    void finish(Aftermath& aftermath) const;
    [[gnu::noinline]] void tellListener(Aftermath& aftermath) const;
    void reclaimAll();
    void showSamples(ThreadRecord& record);

    Clock& clock_;
    alignas(64) std::atomic<std::uint64_t> tooLarge_{0};
    std::atomic<std::uint64_t> overtaken_{0};
    mutable WindowTuner tuner_{reads.sampleMask};
    std::vector<std::unique_ptr<Shard>> shards_;
};

}  // namespace oxcache::memory
