#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "AdmissionCounters.h"
#include "MemoryStore.h"
#include "Shard.h"
#include "ThreadRecords.h"
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
        return *shards_[KeyHash::shardPart(hash) & shardMask_];
    }
    /// Inside a Find.
    const EntryTable& tableOf(std::uint64_t hash) const noexcept {
        return *tables_[KeyHash::shardPart(hash) & shardMask_].load(std::memory_order_acquire);
    }
    /// Since the store began; read from memory, and exact.
    std::int64_t coarseMs() const noexcept {
        return (coarse_->load(std::memory_order_relaxed) - beganNs_) / 1'000'000;
    }
    std::int64_t nowMs() const noexcept {
        return (clock_.steady().time_since_epoch().count() - beganNs_) / 1'000'000;
    }

    // All of a read in one piece: what calls would cost is a good part of it.
    [[gnu::always_inline]] Reading read(Key key) const {
        const std::uint64_t hash = commons.hash(key);
        ThreadSlot& slot = mySlot();
        const Entry* entry = nullptr;
        {
            Find find(slot);
            entry = lookUp(hash, key);
            find.keep(entry);
        }
        Reading reading(entry, slot);
        note(slot, hash, entry != nullptr);
        return reading;
    }
    [[gnu::always_inline]] EntryPtr acquire(Key key) const {
        const std::uint64_t hash = commons.hash(key);
        ThreadSlot& slot = mySlot();
        const Entry* entry = nullptr;
        {
            const Find find(slot);
            entry = lookUp(hash, key);
            if (entry != nullptr) [[likely]]
                entry->retain();
        }
        EntryPtr acquired = EntryPtr::adopt(entry);
        note(slot, hash, entry != nullptr);
        return acquired;
    }
    /// The live entry, touched; inside a Find.
    [[gnu::always_inline]] const Entry* lookUp(std::uint64_t hash, Key key) const noexcept {
        const Entry* entry = tableOf(hash).find(KeyHash::tablePart(hash), key);
        if (entry == nullptr) return nullptr;
        const std::int64_t now = coarseMs();
        if (!EntryLink::alive(*entry, now)) [[unlikely]]
            return nullptr;
        EntryLink::touch(*entry, now);
        return entry;
    }
    /// Writes a read down.
    void note(ThreadSlot& slot, std::uint64_t hash, bool hit) const {
        ThreadRecord& record = records_.of(slot);
        if (hit) [[likely]]
            ThreadRecord::add(record.hits, 1);
        else
            ThreadRecord::add(record.misses, 1);
        if (record.open.load(std::memory_order_relaxed) &&
            (KeyHash::samplePart(hash) & sampleMask_.load(std::memory_order_relaxed)) == 0)
            record.sample(KeyHash::tablePart(hash));
    }
    void visitGroup(std::span<const Key> keys, std::size_t from,
                    FunctionRef<void(std::size_t, const Entry*)> reader) const;

    /// Where a value comes from: from below, or from the application.
    enum class Origin { Fill, Write };
    /// `allowed` is asked under the shard's lock, each time it has been taken. A write that is not
    /// allowed erases; whatever becomes of it, it moves the key's counter.
    bool admit(EntryPtr entry, const Residence& residence, std::uint64_t hash, Origin origin,
               FunctionRef<bool()> allowed);
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

    StoreCommons commons;
    AdmissionCounters counters;
    RemovalListener listener;

private:
    struct Newcomer;
    enum class Step { Done, Elsewhere };

    void prefetch(std::uint64_t hash) const noexcept;
    Newcomer prepare(EntryPtr entry, const Residence& residence);
    bool claim(Shard& shard, std::uint64_t hash, Newcomer& newcomer, Room& room,
               Aftermath& aftermath) OXCACHE_REQUIRES(shard.mutex);
    Step place(Shard& shard, std::uint64_t hash, Newcomer& newcomer, Room& room,
               Aftermath& aftermath) OXCACHE_REQUIRES(shard.mutex);
    bool lean(const Shard& shard) const noexcept;
    bool evictElsewhere(const Shard* own, Aftermath& aftermath);
    void finish(Aftermath& aftermath) const;
    void reclaimAll();
    void showSamples(ThreadRecord& record);

    Clock& clock_;
    const std::shared_ptr<const std::atomic<std::int64_t>> coarseOwner_;
    // What every read looks at, on one line that hardly anybody writes.
    alignas(64) const std::size_t shardMask_;
    const std::unique_ptr<std::atomic<EntryTable*>[]> tables_;
    const std::atomic<std::int64_t>* const coarse_;
    const std::int64_t beganNs_;
    // Of a read's hash; the tuner's, who hardly ever changes it.
    std::atomic<std::uint32_t> sampleMask_{0};
    mutable ThreadRecords records_;
    alignas(64) std::atomic<std::uint64_t> tooLarge_{0};
    std::atomic<std::uint64_t> overtaken_{0};
    mutable WindowTuner tuner_{sampleMask_};
    std::vector<std::unique_ptr<Shard>> shards_;
};

}  // namespace oxcache::memory
