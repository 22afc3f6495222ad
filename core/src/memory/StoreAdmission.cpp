// How a value gets in: the short way of most writes, and the general one.
#include <atomic>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

#include "StoreCore.h"

namespace oxcache::memory {

/// An entry on its way in.
struct StoreCore::Newcomer {
    explicit Newcomer(EntryPtr&& own) noexcept
        : entry(std::move(own)), key(entry->key()), weight(entry->footprint()) {}

    void becomeExtensible() {
        entry = EntryLink::withRoom(*entry);
        key = entry->key();
        weight = entry->footprint();
    }

    EntryPtr entry;
    Key key;
    std::uint64_t weight;
    std::unique_ptr<Residency> residency;
    std::int64_t deadline = EntryLink::kNoDeadline;
    bool dead = false;
    bool claimed = false;
    bool admitted = false;
};

// Never later than after `ttl`. While the machine keeps up, a long life ends at most a few
// milliseconds early: asking for the time takes 26 ns, and stops what the processor has begun.
std::int64_t StoreCore::deadlineIn(Duration ttl) const noexcept {
    constexpr Duration kLong = std::chrono::seconds(1);
    const std::int64_t now = ttl >= kLong ? reads.recentMs() : nowMs();
    return ttl.count() < EntryLink::kNoDeadline - now ? now + ttl.count() : EntryLink::kNoDeadline;
}

void StoreCore::enrich(Newcomer& newcomer, const Residence& residence) {
    if (!EntryLink::hasRoom(*newcomer.entry)) newcomer.becomeExtensible();
    newcomer.residency = std::make_unique<Residency>();
    Residency& more = *newcomer.residency;
    if (residence.idle && residence.idle->count() < EntryLink::kNoDeadline) {
        more.idleMs = residence.idle->count();
        more.idleUntil = nowMs() + more.idleMs;
    }
    more.hasCost = residence.cost.has_value();
    more.cost = residence.cost.value_or(0);
    for (const std::string_view tag : residence.tags) {
        std::shared_ptr<const TagCell> cell = commons.tags.of(tag);
        const std::uint64_t generation = cell->generation.load(std::memory_order_acquire);
        more.tags.push_back({std::move(cell), generation});
    }
    newcomer.weight = residence.cost.value_or(newcomer.weight);
}

bool StoreCore::claim(Shard& shard, std::uint64_t hash, Newcomer& newcomer, Room& room,
                      Aftermath& aftermath) {
    if (newcomer.claimed) return true;
    newcomer.claimed = EntryLink::claim(*newcomer.entry);
    if (!newcomer.claimed) [[unlikely]]
        claimLinked(shard, hash, newcomer, room, aftermath);
    if (!newcomer.claimed) return false;
    EntryLink::setDeadline(*newcomer.entry, newcomer.deadline);
    if (EntryLink::hasRoom(*newcomer.entry)) {
        aftermath.expectObjects(1);
        EntryExtension* former =
            EntryLink::setResidency(*newcomer.entry, std::move(newcomer.residency));
        aftermath.retire(std::unique_ptr<EntryExtension>(former), sizeof(Residency));
        newcomer.weight = EntryLink::weight(*newcomer.entry);
    }
    return true;
}

// An entry that is linked already, elsewhere, is copied; only bytes can be.
void StoreCore::claimLinked(Shard& shard, std::uint64_t hash, Newcomer& newcomer, Room& room,
                            Aftermath& aftermath) {
    if (const Found old = shard.find(hash, newcomer.key); old.entry == newcomer.entry.get())
        shard.unlink(hash, old, RemovalCause::Replaced, room, aftermath);
    shard.drainDetached(SIZE_MAX, aftermath);
    newcomer.claimed = EntryLink::claim(*newcomer.entry);
    if (newcomer.claimed || !newcomer.entry->isBytes()) return;
    newcomer.becomeExtensible();
    newcomer.claimed = EntryLink::claim(*newcomer.entry);
}

// Few enough to leave its room to others: then somebody else has to give.
bool StoreCore::lean(const Shard& shard) const noexcept {
    if (commons.shards == 1) return false;
    if (commons.budget.boundsBytes())
        return shard.load() * commons.shards < commons.budget.bytes() / 2;
    return shard.load() * commons.shards < commons.budget.entries() / 8 * 7;
}

void StoreCore::eraseOld(Shard& shard, std::uint64_t hash, const Newcomer& newcomer, Room& room,
                         Aftermath& aftermath) {
    if (const Found old = shard.find(hash, newcomer.key))
        shard.unlink(hash, old, causeOf(RemovalCause::Explicit, *old.entry, reads.coarseMs()), room,
                     aftermath);
}

// The room is there before the entry is linked, so the bounds hold at every moment.
StoreCore::Step StoreCore::place(Shard& shard, std::uint64_t hash, Newcomer& newcomer, Room& room,
                                 Aftermath& aftermath) {
    const std::int64_t now = reads.coarseMs();
    shard.maintain(now, room, aftermath);
    if (newcomer.dead) {
        eraseOld(shard, hash, newcomer, room, aftermath);
        return Step::Done;
    }
    if (!claim(shard, hash, newcomer, room, aftermath)) return Step::Done;
    if (newcomer.weight > commons.budget.maxBytes() || commons.budget.maxEntries() == 0) {
        tooLarge_.fetch_add(1, std::memory_order_relaxed);
        eraseOld(shard, hash, newcomer, room, aftermath);
        return Step::Done;
    }
    for (;;) {
        const Found old = shard.find(hash, newcomer.key);
        const bool crowded = !old && shard.entries() >= Shard::kMaxEntries;
        if (old) {
            const EntrySize before = EntryLink::size(*old.entry);
            const std::uint64_t bytes =
                newcomer.weight > before.weight ? newcomer.weight - before.weight : 0;
            if (room.cover(0, bytes)) {
                shard.supersede(hash, std::move(newcomer.entry), newcomer.weight, old, before,
                                causeOf(RemovalCause::Replaced, *old.entry, now), aftermath);
                room.use(0, bytes);
                if (before.weight > newcomer.weight) room.add(0, before.weight - newcomer.weight);
                newcomer.admitted = true;
                return Step::Done;
            }
        } else if (!crowded && room.cover(1, newcomer.weight)) {
            shard.append(hash, std::move(newcomer.entry), newcomer.weight, aftermath);
            room.use(1, newcomer.weight);
            newcomer.admitted = true;
            return Step::Done;
        }
        if ((!crowded && lean(shard)) || !shard.evict(now, room, aftermath)) return Step::Elsewhere;
    }
}

// A write moves the counter after it has linked its value, still under the lock: a load looks for
// the value without the lock, and one that captured the moved counter must find it. Were the
// counter moved first, a load could capture it, miss the value that is not yet linked, and be
// admitted over it.
[[gnu::flatten]] bool StoreCore::admit(Key key, EntryPtr&& entry, const Residence& residence,
                                       Origin origin, const Terms& terms) {
    const std::uint64_t hash = reads.hash(key);
    Shard& shard = shardOf(hash);
    // Before the lock is taken, so that nobody waits for memory while others wait for the lock.
    prefetchToWrite(&shard.mutex);
    counters.prefetch(hash);
    ThreadSlot& slot = mySlot();
    reads.prefetchToWrite(slot, hash, key);
    ThreadRecord& record = reads.records.of(slot);
    const Admission admission{hash, origin, terms, record};
    if (!residence.plain() || residence.dead()) [[unlikely]]
        return admitRich(shard, std::move(entry), residence, admission);
    const std::int64_t deadline =
        residence.ttl ? deadlineIn(*residence.ttl) : EntryLink::kNoDeadline;
    shard.mutex.lock();
    if (!stand(terms, hash) ||
        !shard.overwrite(hash, key, entry, deadline, reads.coarseMs(), record)) [[unlikely]]
        return admitPlain(shard, std::move(entry), deadline, admission);
    if (origin == Origin::Write) counters.move(hash);
    shard.mutex.unlock();
    ThreadRecord::add(origin == Origin::Write ? record.writes : record.fills, 1);
    record.reclaimBorrowed();
    showSamples(record);
    return true;
}

bool StoreCore::admitRich(Shard& shard, EntryPtr&& entry, const Residence& residence,
                          const Admission& admission) {
    Newcomer newcomer(std::move(entry));
    newcomer.dead = residence.dead();
    if (residence.ttl) newcomer.deadline = deadlineIn(*residence.ttl);
    if (!residence.plain()) enrich(newcomer, residence);
    shard.mutex.lock();
    return admitLocked(shard, newcomer, admission);
}

bool StoreCore::admitPlain(Shard& shard, EntryPtr&& entry, std::int64_t deadline,
                           const Admission& admission) {
    Newcomer newcomer(std::move(entry));
    newcomer.deadline = deadline;
    return admitLocked(shard, newcomer, admission);
}

bool StoreCore::admitLocked(Shard& shard, Newcomer& newcomer, const Admission& admission) {
    ThreadRecord& record = admission.record;
    Aftermath aftermath(record);
    try {
        placeLocked(shard, newcomer, admission, aftermath);
    } catch (...) {
        finish(aftermath);
        throw;
    }
    if (newcomer.admitted)
        ThreadRecord::add(admission.origin == Origin::Write ? record.writes : record.fills, 1);
    finish(aftermath);
    if (newcomer.admitted) showSamples(record);
    return newcomer.admitted;
}

void StoreCore::placeLocked(Shard& shard, Newcomer& newcomer, const Admission& admission,
                            Aftermath& aftermath) {
    const std::uint64_t hash = admission.hash;
    const bool write = admission.origin == Origin::Write;
    Room room(commons.budget);
    ShardLock lock(shard.mutex, std::adopt_lock);
    const auto end = [&] {
        if (write) counters.move(hash);
        if (newcomer.claimed && !newcomer.admitted) EntryLink::unclaim(*newcomer.entry);
    };
    try {
        for (;;) {
            if (!stand(admission.terms, hash)) {
                overtaken_.fetch_add(1, std::memory_order_relaxed);
                if (write) eraseOld(shard, hash, newcomer, room, aftermath);
                break;
            }
            if (place(shard, hash, newcomer, room, aftermath) == Step::Done) break;
            room.giveBack();
            aftermath.returnRetired();
            lock.unlock();
            try {
                if (!evictElsewhere(&shard, aftermath)) std::this_thread::yield();
            } catch (...) {
                lock.lock();
                throw;
            }
            lock.lock();
        }
    } catch (...) {
        end();
        throw;
    }
    end();
}

// The thread's own as they come, others' now and then.
void StoreCore::showSamples(ThreadRecord& record) {
    const std::uint32_t turn = record.turn.load(std::memory_order_relaxed);
    record.turn.store(turn + 1, std::memory_order_relaxed);
    if (turn % 32 != 0 && record.waiting() == 0) return;
    tuner_.drain(record, reads.records, commons.budget.fullEntries(), commons.windowShare);
}

}  // namespace oxcache::memory
