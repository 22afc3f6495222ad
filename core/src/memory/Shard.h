#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "Aftermath.h"
#include "Budget.h"
#include "EntryLink.h"
#include "EntryQueue.h"
#include "EntryTable.h"
#include "ExpiryWheel.h"
#include "FrequencySketch.h"
#include "MemoryStore.h"
#include "ReadPath.h"
#include "ShardMutex.h"

namespace oxcache::memory {

/// What the shards of a store share.
struct StoreCommons {
    StoreCommons(const MemoryOptions& options, ReadPath& readPath)
        : reads(readPath),
          budget(options.maxEntries, options.maxBytes),
          shards(readPath.tables.shards()) {}

    ReadPath& reads;
    Budget budget;
    TagRegistry tags;
    const unsigned shards;
    /// The share of a shard that its window may have.
    std::atomic<double> windowShare{0.01};
    /// Whether departures are to be noted for a listener.
    std::atomic<bool> listened{false};
};

/// The cause of an entry's leaving for some reason, unless its time was over.
inline RemovalCause causeOf(RemovalCause reason, const Entry& entry, std::int64_t now) noexcept {
    return EntryLink::expired(entry, now) ? RemovalCause::Expired : reason;
}

/// A part of the store: a table that anybody may find in without a lock, and under the mutex
/// whatever changes it. The policy is a window and a main queue, both clocks (FIFO whose marked
/// entries get another round), with TinyLFU admission between them; a hit only marks its entry.
class Shard {
public:
    /// A queue's positions allow twice as many.
    static constexpr std::uint64_t kMaxEntries = 1'000'000;

    /// The `index`th. Commons outlive it.
    Shard(StoreCommons& commons, std::size_t index, std::size_t expectedEntries);
    ~Shard();
    Shard(const Shard&) = delete;
    Shard& operator=(const Shard&) = delete;

    /// Weight where bytes are bounded, else entries. Any thread may look, here and below.
    std::uint64_t load() const noexcept {
        return (commons_.budget.boundsBytes() ? weight_ : entries_).load(std::memory_order_relaxed);
    }
    std::uint64_t entries() const noexcept { return entries_.load(std::memory_order_relaxed); }

    // What a write changes follows on one line: with several writers it wanders from processor to
    // processor.
    alignas(64) ShardMutex mutex;

private:
    // Stored under the mutex.
    std::atomic<std::uint64_t> entries_{0};
    std::atomic<std::uint64_t> weight_{0};
    std::uint64_t windowWeight_ OXCACHE_GUARDED_BY(mutex) = 0;

public:
    Found find(std::uint64_t hash, Key key) const OXCACHE_REQUIRES(mutex) {
        return table_->view().locate(KeyHash::tablePart(hash), key);
    }
    /// The short way of most writes: an entry that is not linked takes the place of one that has
    /// its key, and neither has anything but a deadline. Takes over the count and leaves the
    /// record's retired borrowed. False in all other cases; then nothing has happened.
    bool overwrite(std::uint64_t hash, Key key, EntryPtr& entry, std::int64_t deadline,
                   std::int64_t now, ThreadRecord& record) OXCACHE_REQUIRES(mutex);
    /// Takes over the caller's count of an entry that is claimed, has its deadline and whose room
    /// has been used up; nothing has its key.
    void append(std::uint64_t hash, EntryPtr&& entry, std::uint64_t weight, Aftermath& aftermath)
        OXCACHE_REQUIRES(mutex);
    /// The same in place of one that has its key.
    void supersede(std::uint64_t hash, EntryPtr&& entry, std::uint64_t weight, const Found& old,
                   const EntrySize& oldSize, RemovalCause cause, Aftermath& aftermath)
        OXCACHE_REQUIRES(mutex);
    /// The room that the entry took is the caller's then.
    void unlink(std::uint64_t hash, const Found& found, RemovalCause cause, Room& room,
                Aftermath& aftermath) OXCACHE_REQUIRES(mutex);
    /// Lets the policy choose one to leave. False when there is nobody.
    bool evict(std::int64_t now, Room& room, Aftermath& aftermath) OXCACHE_REQUIRES(mutex);
    /// Empties the shard; takes constant time, the entries leave memory by and by.
    void detachAll(Room& room, Aftermath& aftermath) OXCACHE_REQUIRES(mutex);
    /// Removes the expired and the detached, a little or as much as there is.
    void maintain(std::int64_t now, Room& room, Aftermath& aftermath) OXCACHE_REQUIRES(mutex) {
        if (!quiet(now)) [[unlikely]]
            maintainSome(now, room, aftermath);
    }
    void maintainFully(std::int64_t now, Room& room, Aftermath& aftermath) OXCACHE_REQUIRES(mutex);
    /// Frees the detached entries, so that they can be linked again: looks at so many places.
    static constexpr std::size_t kDrained = 128;
    void drainDetached(std::size_t limit, Aftermath& aftermath) OXCACHE_REQUIRES(mutex);
    void forEach(FunctionRef<void(const Entry&)> visitor) const OXCACHE_REQUIRES(mutex);
    unsigned frequency(const Entry& entry) const OXCACHE_REQUIRES(mutex);

private:
    // What was in the shard when it was emptied, and how far it has been freed.
    struct Detached {
        std::unique_ptr<EntryTable> table;
        EntryQueue::Slots window;
        EntryQueue::Slots main;
        TableIndex next = 0;
    };

    std::uint64_t hashOf(const Entry& entry) const noexcept {
        return commons_.reads.hash(entry.key());
    }
    EntryQueue& queueOf(const Entry& entry) OXCACHE_REQUIRES(mutex) {
        return EntryLink::isMain(entry) ? main_ : window_;
    }
    static void add(std::atomic<std::uint64_t>& counter, std::uint64_t amount) noexcept {
        counter.store(counter.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
    }
    void expectDepartures(std::size_t count, Aftermath& aftermath) OXCACHE_REQUIRES(mutex);
    void depart(const Entry& entry, std::size_t footprint, RemovalCause cause, Aftermath& aftermath)
        OXCACHE_REQUIRES(mutex);
    /// Of an entry that is not in the table yet, so that a rebuilding does not know it.
    void time(std::uint64_t hash, const Entry& entry) OXCACHE_REQUIRES(mutex) {
        const std::int64_t due = EntryLink::dueAt(entry);
        if (due < EntryLink::kNoDeadline) timeUntil(due, hash, entry);
    }
    void timeUntil(std::int64_t due, std::uint64_t hash, const Entry& entry)
        OXCACHE_REQUIRES(mutex);
    void due(TableHash hash, std::uint8_t bucket, std::int64_t now, Room& room,
             Aftermath& aftermath) OXCACHE_REQUIRES(mutex);
    bool quiet(std::int64_t now) const OXCACHE_REQUIRES(mutex) {
        return wheel_.quiet(now) && detached_.empty() && audited_ == commons_.tags.invalidations();
    }
    void takePlace(const Entry& entry, std::uint64_t weight, const Found& former,
                   std::uint64_t formerWeight) OXCACHE_REQUIRES(mutex);
    void maintainSome(std::int64_t now, Room& room, Aftermath& aftermath) OXCACHE_REQUIRES(mutex);
    void rebuildWheel() OXCACHE_REQUIRES(mutex);
    void audit(std::int64_t now, std::size_t steps, Room& room, Aftermath& aftermath)
        OXCACHE_REQUIRES(mutex);
    void grow(Aftermath& aftermath) OXCACHE_REQUIRES(mutex);
    /// Gives the former one, which readers may still see.
    std::unique_ptr<EntryTable> changeTable(std::unique_ptr<EntryTable> table,
                                            std::unique_ptr<TableDirectory::List> list,
                                            Aftermath& aftermath) OXCACHE_REQUIRES(mutex);
    static void retire(std::unique_ptr<EntryTable> table, Aftermath& aftermath);

    bool windowFull() const OXCACHE_REQUIRES(mutex);
    bool windowOverfull() const OXCACHE_REQUIRES(mutex);
    std::uint64_t windowTarget(std::uint64_t all) const OXCACHE_REQUIRES(mutex);
    void settleWindow() OXCACHE_REQUIRES(mutex);
    Found victim(EntryQueue& queue) OXCACHE_REQUIRES(mutex);
    void promote() OXCACHE_REQUIRES(mutex);
    bool wins(const Entry& candidate) OXCACHE_REQUIRES(mutex);
    bool leaveEither(const Found& resident, const Found& candidate,
                     FunctionRef<bool(const Found&)> leave) OXCACHE_REQUIRES(mutex);
    Found oldest(EntryQueue& queue) OXCACHE_REQUIRES(mutex) {
        return {table_->at(queue.front()), queue.front()};
    }

    StoreCommons& commons_;
    const std::size_t expected_;
    const std::size_t index_;
    std::unique_ptr<EntryTable> table_ OXCACHE_GUARDED_BY(mutex);
    alignas(64) EntryQueue window_ OXCACHE_GUARDED_BY(mutex){false};
    EntryQueue main_ OXCACHE_GUARDED_BY(mutex){true};
    std::uint32_t lottery_ OXCACHE_GUARDED_BY(mutex) = 1;
    FrequencySketch sketch_ OXCACHE_GUARDED_BY(mutex);
    ExpiryWheel wheel_ OXCACHE_GUARDED_BY(mutex);
    std::vector<Detached> detached_ OXCACHE_GUARDED_BY(mutex);
    // Of the invalidations by tag, those whose entries have been looked for; and the search.
    std::uint64_t audited_ OXCACHE_GUARDED_BY(mutex) = 0;
    std::uint64_t auditing_ OXCACHE_GUARDED_BY(mutex) = 0;
    std::uint64_t auditAt_ OXCACHE_GUARDED_BY(mutex) = 0;
    bool auditMain_ OXCACHE_GUARDED_BY(mutex) = false;
    bool auditMoves_ OXCACHE_GUARDED_BY(mutex) = false;
};

inline void Shard::expectDepartures(std::size_t count, Aftermath& aftermath) {
    aftermath.expect(count, commons_.listened.load(std::memory_order_relaxed));
}

// The entry is in no structure any more; its count goes to those who wait for readers. It has been
// expected.
inline void Shard::depart(const Entry& entry, std::size_t footprint, RemovalCause cause,
                          Aftermath& aftermath) {
    if (commons_.listened.load(std::memory_order_relaxed)) [[unlikely]]
        aftermath.departures.push_back({EntryPtr::share(&entry), cause});
    EntryLink::unclaim(entry);
    aftermath.retire(entry, footprint);
}

inline void Shard::takePlace(const Entry& entry, std::uint64_t weight, const Found& former,
                             std::uint64_t formerWeight) {
    if (!EntryLink::isMain(*former.entry)) windowWeight_ += weight - formerWeight;
    add(weight_, weight - formerWeight);
    table_->replace(former.at, &entry);
}

// A record of the wheel that fires before the new deadline will be moved then.
inline bool Shard::overwrite(std::uint64_t hash, Key key, EntryPtr& owned, std::int64_t deadline,
                             std::int64_t now, ThreadRecord& record) {
    const Found found = find(hash, key);
    if (!found || !quiet(now) || commons_.listened.load(std::memory_order_relaxed)) return false;
    const Entry& former = *found.entry;
    const Entry& entry = *owned;
    if (EntryLink::residency(entry) != nullptr || EntryLink::residency(former) != nullptr)
        return false;
    const std::int64_t formerDeadline = EntryLink::deadline(former);
    if (deadline < EntryLink::kNoDeadline &&
        (formerDeadline > deadline || !EntryLink::isTimed(former)))
        return false;
    if (!record.tryBorrowRetired()) return false;
    const std::size_t size = entry.footprint();
    const std::size_t formerSize = former.footprint();
    const std::size_t more = size > formerSize ? size - formerSize : 0;
    if (!record.retired.hasRoom() || !commons_.budget.take(0, more)) {
        record.returnRetired();
        return false;
    }
    if (!EntryLink::claim(entry)) {
        commons_.budget.giveBack(0, more);
        record.returnRetired();
        return false;
    }
    EntryLink::setDeadline(entry, deadline);
    EntryLink::inherit(entry, former, true);
    takePlace(*owned.leak(), size, found, formerSize);
    if (formerSize > size) commons_.budget.giveBack(0, formerSize - size);
    record.countRemovals(static_cast<std::size_t>(formerDeadline <= now ? RemovalCause::Expired
                                                                        : RemovalCause::Replaced),
                         1, formerSize);
    EntryLink::unclaim(former);
    record.retired.add(former, formerSize);
    return true;
}

inline void Shard::supersede(std::uint64_t hash, EntryPtr&& owned, std::uint64_t weight,
                             const Found& old, const EntrySize& oldSize, RemovalCause cause,
                             Aftermath& aftermath) {
    const Entry& entry = *owned;
    const Entry& former = *old.entry;
    expectDepartures(1, aftermath);
    const bool keepsRecord =
        EntryLink::isTimed(former) && EntryLink::dueAt(former) <= EntryLink::dueAt(entry);
    EntryLink::inherit(entry, former, keepsRecord);
    if (!keepsRecord) time(hash, entry);
    takePlace(*owned.leak(), weight, old, oldSize.weight);
    aftermath.count(cause, 1, oldSize.weight);
    depart(former, oldSize.footprint, cause, aftermath);
}

}  // namespace oxcache::memory
