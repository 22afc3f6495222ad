#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "AdmissionCounters.h"
#include "MemoryStore.h"
#include "ReadRecords.h"
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
        ThreadSlot* holder = nullptr;
        {
            const Find find(slot);
            entry = lookUp(hash, key);
            if (entry != nullptr) [[likely]]
                holder = Reading::hold(slot, entry);
        }
        note(slot, hash, entry != nullptr);
        return {entry, holder};
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
        note(slot, hash, entry != nullptr);
        return EntryPtr::adopt(entry);
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
        ReadRecord& record = records_.of(slot);
        ReadRecord::add(hit ? record.hits : record.misses, 1);
        if (tuner_.samples(KeyHash::samplePart(hash))) [[unlikely]]
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
    bool erase(std::uint64_t hash, Key key, RemovalCause cause,
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
    void finish(Shard& shard, Aftermath& aftermath);
    void tell(Aftermath& aftermath) const;
    void showSamples();

    Clock& clock_;
    const std::shared_ptr<const std::atomic<std::int64_t>> coarseOwner_;
    // What every read looks at, on one line that nobody writes.
    alignas(64) const std::size_t shardMask_;
    const std::unique_ptr<std::atomic<EntryTable*>[]> tables_;
    const std::atomic<std::int64_t>* const coarse_;
    const std::int64_t beganNs_;
    alignas(64) std::atomic<std::uint64_t> tooLarge_{0};
    std::atomic<std::uint64_t> overtaken_{0};
    mutable ReadRecords records_;
    mutable WindowTuner tuner_;
    std::vector<std::unique_ptr<Shard>> shards_;
};

}  // namespace oxcache::memory
