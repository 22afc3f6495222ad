#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>

#include "EntryLink.h"
#include "KeyHash.h"
#include "Reclamation.h"
#include "TableDirectory.h"
#include "ThreadRecords.h"
#include "oxcache/base/Clock.h"
#include "oxcache/base/Export.h"
#include "oxcache/base/FunctionRef.h"

namespace oxcache::memory {

/// What a read looks at, beside bucket and entry, and how it goes. Thread-safe; takes no lock.
class OXCACHE_INTERNAL ReadPath {
public:
    ReadPath(std::uint64_t seed, unsigned shards, Clock& clock);

    const KeyHash hash;
    TableDirectory tables;
    mutable ThreadRecords records;
    /// Reads whose hashes have none of these bits are sampled; the tuner's.
    std::atomic<std::uint32_t> sampleMask{0};

    /// What nearly every hit takes, in few instructions, because a processor waits for several
    /// reads' memory at once if it can hold them all: the thread has used this store before and is
    /// not reading, and the entry is where it is looked for first. Empty in all other cases, also
    /// where there is no such entry; then nothing has happened, and read() tells.
    [[gnu::always_inline]] Reading glance(Key key) const noexcept {
        ThreadSlot* slot = currentSlot;
        if (slot == nullptr || slot->recordOwner != glancing_ || !slot->idle()) [[unlikely]]
            return {};
        const std::uint64_t hashed = hash(key);
        const Entry* entry = glance(*slot, hashed, key);
        if (entry == nullptr) [[unlikely]]
            return {};
        note(*static_cast<ThreadRecord*>(slot->record), hashed, true);
        return Reading(entry, *slot);
    }
    /// The same without writing it down, for an idle slot of this store's.
    [[gnu::always_inline]] const Entry* glance(ThreadSlot& slot, std::uint64_t hashed,
                                               Key key) const noexcept {
        slot.beginPlainFind(hashed);
        const Entry* entry = tables.of(hashed).guess(KeyHash::tablePart(hashed));
        if (entry == nullptr || !answers(*entry, key)) [[unlikely]] {
            slot.endFind(nullptr);
            return nullptr;
        }
        slot.endFind(entry);
        return entry;
    }
    /// The live entry of the key, touched, in place; nothing when there is none.
    Reading read(Key key) const;
    /// The same, counted.
    EntryPtr acquire(Key key) const;
    /// Many at once, in order, at most kGroup; `reader` gets null where there is none. First all
    /// buckets are fetched, then all entries, so that the waits for memory overlap.
    static constexpr std::size_t kGroup = 16;
    void visitGroup(std::span<const Key> keys, std::size_t from,
                    FunctionRef<void(std::size_t, const Entry*)> reader) const;
    /// Fetches what a write of the key will change: the bucket and the entry that it replaces.
    void prefetchToWrite(ThreadSlot& slot, std::uint64_t hashed, Key key) const {
        const Find find(slot);
        const TableView& table = tables.of(hashed);
        table.prefetchToWrite(KeyHash::tablePart(hashed));
        if (const Entry* entry = table.guess(KeyHash::tablePart(hashed))) [[likely]] {
            oxcache::prefetchToWrite(entry);
            prefetchValue(*entry, key);
        }
    }

    std::int64_t sinceBegan(SteadyTime time) const noexcept {
        return (time.time_since_epoch().count() - beganNs_) / 1'000'000;
    }
    /// Since the store began; read from memory, and not behind the time.
    std::int64_t coarseMs() const noexcept { return coarseNs() / 1'000'000; }
    /// The same, and not in front of the time. Not below 0, though whoever moves the coarse time
    /// may have slept as the store began.
    std::int64_t recentMs() const noexcept {
        return std::max<std::int64_t>(0, coarseNs() - coarseTime_.ahead.count()) / 1'000'000;
    }

private:
    std::int64_t coarseNs() const noexcept {
        return coarse_->load(std::memory_order_relaxed) - beganNs_;
    }
    // Where key or value are on the entry's second line, both lines are fetched at once.
    [[gnu::always_inline]] static void prefetchValue(const Entry& entry, Key key) noexcept {
        prefetch(reinterpret_cast<const char*>(&entry) + sizeof(Entry) + key.size());
    }
    [[gnu::always_inline]] bool answers(const Entry& entry, Key key) const noexcept {
        return EntryLink::answers(entry, key, [this] { return coarseNs(); });
    }
    /// Inside a Find.
    const Entry* lookUp(std::uint64_t hashed, Key key) const noexcept;
    /// Writes a read down.
    [[gnu::always_inline]] void note(ThreadRecord& record, std::uint64_t hashed,
                                     bool hit) const noexcept {
        ThreadRecord::add(hit ? record.hits : record.misses, 1);
        if (record.open.load(std::memory_order_relaxed) &&
            (KeyHash::samplePart(hashed) & sampleMask.load(std::memory_order_relaxed)) == 0)
            record.sample(KeyHash::tablePart(hashed));
    }

    const CoarseTime coarseTime_;
    /// That of coarseTime_, one load nearer.
    const std::atomic<std::int64_t>* const coarse_;
    const std::int64_t beganNs_;
    /// Whose slots may glance: those that used this store last; none where finds are not plain.
    const std::uint64_t glancing_;
};

}  // namespace oxcache::memory
