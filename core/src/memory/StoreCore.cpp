#include "StoreCore.h"

#include <algorithm>
#include <array>
#include <bit>
#include <thread>

namespace oxcache::memory {
namespace {

// A queue's positions allow twice as many.
constexpr std::uint64_t kMaxShardEntries = 1'000'000;
// Smaller ones hit less often: their windows are too small for what comes in bursts.
constexpr std::uint64_t kShardEntries = 4096;
constexpr std::uint64_t kShardBytes = 1U << 20;

unsigned chooseShards(const MemoryOptions& options) {
    if (options.shards != 0)
        return std::bit_ceil(std::min(options.shards, TableDirectory::kMaxShards));
    const std::uint64_t byCores = 4ULL * std::max(1U, std::thread::hardware_concurrency());
    const std::uint64_t byBytes =
        options.maxBytes == 0 ? UINT64_MAX : options.maxBytes / kShardBytes;
    const std::uint64_t bySize =
        std::max<std::uint64_t>(1, std::min(options.maxEntries / kShardEntries, byBytes));
    const std::uint64_t least = options.maxEntries / (kMaxShardEntries / 2);
    const std::uint64_t wanted = std::max(std::min(byCores, bySize), least);
    return static_cast<unsigned>(
        std::bit_floor(std::clamp<std::uint64_t>(wanted, 1, TableDirectory::kMaxShards)));
}

// Of an entry that goes for another reason, unless its time was over.
RemovalCause causeOf(RemovalCause reason, const Entry& entry, std::int64_t now) noexcept {
    return EntryLink::expired(entry, now) ? RemovalCause::Expired : reason;
}

}  // namespace

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

StoreCore::StoreCore(const MemoryOptions& options, Clock& clock)
    : reads(options.seed, chooseShards(options), clock), commons(options, reads), clock_(clock) {
    const auto expected = static_cast<std::size_t>(options.maxEntries / commons.shards + 1);
    for (unsigned i = 0; i < commons.shards; ++i)
        shards_.push_back(std::make_unique<Shard>(commons, i, expected));
}

StoreCore::~StoreCore() = default;

std::int64_t StoreCore::deadlineIn(Duration ttl) const noexcept {
    const std::int64_t now = nowMs();
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
        } else if (shard.entries() < kMaxShardEntries && room.cover(1, newcomer.weight)) {
            shard.append(hash, std::move(newcomer.entry), newcomer.weight, aftermath);
            room.use(1, newcomer.weight);
            newcomer.admitted = true;
            return Step::Done;
        }
        const bool crowded = !old && shard.entries() >= kMaxShardEntries;
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
    const Admission admission{shard, hash, origin, terms, record};
    if (!residence.plain() || residence.dead()) [[unlikely]]
        return admitRich(std::move(entry), residence, admission);
    const std::int64_t deadline =
        residence.ttl ? deadlineIn(*residence.ttl) : EntryLink::kNoDeadline;
    shard.mutex.lock();
    if (!stand(terms, hash) ||
        !shard.overwrite(hash, key, entry, deadline, reads.coarseMs(), record)) [[unlikely]]
        return admitPlain(std::move(entry), deadline, admission);
    if (origin == Origin::Write) counters.move(hash);
    shard.mutex.unlock();
    ThreadRecord::add(origin == Origin::Write ? record.writes : record.fills, 1);
    record.reclaimBorrowed();
    showSamples(record);
    return true;
}

bool StoreCore::admitRich(EntryPtr&& entry, const Residence& residence,
                          const Admission& admission) {
    Newcomer newcomer(std::move(entry));
    newcomer.dead = residence.dead();
    if (residence.ttl) newcomer.deadline = deadlineIn(*residence.ttl);
    if (!residence.plain()) enrich(newcomer, residence);
    admission.shard.mutex.lock();
    return admitLocked(newcomer, admission);
}

bool StoreCore::admitPlain(EntryPtr&& entry, std::int64_t deadline, const Admission& admission) {
    Newcomer newcomer(std::move(entry));
    newcomer.deadline = deadline;
    return admitLocked(newcomer, admission);
}

bool StoreCore::admitLocked(Newcomer& newcomer, const Admission& admission) {
    ThreadRecord& record = admission.record;
    Aftermath aftermath(record);
    try {
        placeLocked(newcomer, admission, aftermath);
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

void StoreCore::placeLocked(Newcomer& newcomer, const Admission& admission, Aftermath& aftermath) {
    const auto& [shard, hash, origin, terms, record] = admission;
    Room room(commons.budget);
    ShardLock lock(shard.mutex, std::adopt_lock);
    const auto end = [&]() OXCACHE_NO_THREAD_SAFETY_ANALYSIS {
        if (origin == Origin::Write) counters.move(hash);
        if (newcomer.claimed && !newcomer.admitted) EntryLink::unclaim(*newcomer.entry);
    };
    try {
        for (;;) {
            if (!stand(terms, hash)) {
                overtaken_.fetch_add(1, std::memory_order_relaxed);
                if (origin == Origin::Write) eraseOld(shard, hash, newcomer, room, aftermath);
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

StoreCore::Erased StoreCore::erase(std::uint64_t hash, Key key, RemovalCause cause, Counter counter,
                                   FunctionRef<bool(const Entry&)> meant) {
    Shard& shard = shardOf(hash);
    Aftermath aftermath(reads.records.of(mySlot()));
    Room room(commons.budget);
    Erased result;
    {
        ShardLock lock(shard.mutex);
        if (counter == Counter::Moves) counters.move(hash);
        result.counter = counters.of(hash);
        const Found found = shard.find(hash, key);
        result.erased = found && meant(*found.entry);
        if (result.erased)
            shard.unlink(hash, found, causeOf(cause, *found.entry, reads.coarseMs()), room,
                         aftermath);
    }
    room.giveBack();
    finish(aftermath);
    return result;
}

bool StoreCore::evictElsewhere(const Shard* own, Aftermath& aftermath) {
    Shard* fullest = nullptr;
    const auto size = [](const Shard& shard) { return shard.load() + shard.entries(); };
    for (const std::unique_ptr<Shard>& shard : shards_)
        if (shard.get() != own && (fullest == nullptr || size(*shard) > size(*fullest)))
            fullest = shard.get();
    if (fullest == nullptr) return false;
    Room room(commons.budget);
    ShardLock lock(fullest->mutex);
    const bool evicted = fullest->evict(reads.coarseMs(), room, aftermath);
    aftermath.returnRetired();
    return evicted;
}

// Without any lock: the listener and the values' destructors may use the store.
void StoreCore::finish(Aftermath& aftermath) const {
    aftermath.reclaimDue();
    if (!aftermath.departures.empty()) [[unlikely]]
        tellListener(aftermath);
}

void StoreCore::tellListener(Aftermath& aftermath) const {
    if (listener)
        for (const Departure& departure : aftermath.departures)
            listener(*departure.entry, departure.cause);
    aftermath.departures.clear();
}

void StoreCore::clear() {
    counters.moveAll();
    for (const std::unique_ptr<Shard>& shard : shards_) {
        Aftermath aftermath(reads.records.of(mySlot()));
        Room room(commons.budget);
        {
            ShardLock lock(shard->mutex);
            shard->detachAll(room, aftermath);
            shard->drainDetached(commons.listened.load() ? SIZE_MAX : Shard::kDrained, aftermath);
        }
        room.giveBack();
        finish(aftermath);
    }
}

// Room that others have taken counts too and is soon used or given back, so waiting helps.
void StoreCore::resize(std::uint64_t maxEntries, std::uint64_t maxBytes) {
    commons.budget.resize(maxEntries, maxBytes);
    while (commons.budget.exceeded()) {
        Aftermath aftermath(reads.records.of(mySlot()));
        if (!evictElsewhere(nullptr, aftermath)) std::this_thread::yield();
        finish(aftermath);
    }
}

void StoreCore::cleanUp() {
    for (const std::unique_ptr<Shard>& shard : shards_) {
        Aftermath aftermath(reads.records.of(mySlot()));
        Room room(commons.budget);
        {
            ShardLock lock(shard->mutex);
            shard->maintainFully(reads.coarseMs(), room, aftermath);
        }
        room.giveBack();
        finish(aftermath);
    }
    reclaimAll();
}

// Also of threads that have ended or rest. Whose list is in use is at work and frees it itself.
void StoreCore::reclaimAll() {
    reads.records.forEach([](ThreadRecord& record) {
        if (record.tryBorrowRetired()) record.collectBorrowed(true);
    });
}

// The entries of a shard are counted under its lock and read after it.
void StoreCore::forEachLive(FunctionRef<void(const Entry&)> reader) const {
    for (const std::unique_ptr<Shard>& shard : shards_) {
        std::vector<EntryPtr> live;
        {
            ShardLock lock(shard->mutex);
            const std::int64_t now = reads.coarseMs();
            live.reserve(shard->entries());
            shard->forEach([&](const Entry& entry) {
                if (EntryLink::alive(entry, now)) live.push_back(EntryPtr::share(&entry));
            });
        }
        for (const EntryPtr& entry : live) reader(*entry);
    }
}

std::vector<EntryPtr> StoreCore::ranked(std::size_t count, bool hottest) const {
    struct Ranked {
        unsigned frequency;
        EntryPtr entry;
    };
    const auto before = [hottest](const Ranked& a, const Ranked& b) {
        return hottest ? a.frequency > b.frequency : a.frequency < b.frequency;
    };
    std::vector<Ranked> best;
    const auto keepBest = [&] {
        if (best.size() <= count) return;
        std::nth_element(best.begin(), best.begin() + static_cast<std::ptrdiff_t>(count),
                         best.end(), before);
        best.resize(count);
    };
    for (const std::unique_ptr<Shard>& shard : shards_) {
        ShardLock lock(shard->mutex);
        const std::int64_t now = reads.coarseMs();
        shard->forEach([&](const Entry& entry) OXCACHE_NO_THREAD_SAFETY_ANALYSIS {
            if (!EntryLink::alive(entry, now)) return;
            best.push_back({shard->frequency(entry), EntryPtr::share(&entry)});
            if (best.size() > 2 * count + 64) keepBest();
        });
    }
    keepBest();
    std::stable_sort(best.begin(), best.end(), before);
    std::vector<EntryPtr> entries;
    for (Ranked& one : best) entries.push_back(std::move(one.entry));
    return entries;
}

std::optional<EntryReport> StoreCore::inspect(Key key) const {
    const std::uint64_t hash = reads.hash(key);
    Shard& shard = shardOf(hash);
    ShardLock lock(shard.mutex);
    const Entry* entry = shard.find(hash, key).entry;
    const std::int64_t now = nowMs();
    if (entry == nullptr || !EntryLink::alive(*entry, now)) return std::nullopt;
    EntryReport report;
    report.weight = EntryLink::weight(*entry);
    report.frequency = shard.frequency(*entry);
    if (const std::int64_t due = EntryLink::dueAt(*entry); due < EntryLink::kNoDeadline)
        report.expiresIn = Duration(due - now);
    if (entry->createdMs() != 0) report.age = Duration(clock_.wallMs() - entry->createdMs());
    return report;
}

MemoryStatistics StoreCore::statistics() const {
    MemoryStatistics result;
    result.entries = commons.budget.entries();
    result.bytes = commons.budget.bytes();
    result.tooLarge = tooLarge_.load(std::memory_order_relaxed);
    result.overtaken = overtaken_.load(std::memory_order_relaxed);
    reads.records.forEach([&](const ThreadRecord& record) {
        result.hits += record.hits.load(std::memory_order_relaxed);
        result.misses += record.misses.load(std::memory_order_relaxed);
        result.fills += record.fills.load(std::memory_order_relaxed);
        result.writes += record.writes.load(std::memory_order_relaxed);
        for (std::size_t cause = 0; cause < 5; ++cause) {
            const ThreadRecord::Removals& removals = record.removals[cause];
            result.removals[cause] += removals.entries.load(std::memory_order_relaxed);
            result.removedWeight[cause] += removals.weight.load(std::memory_order_relaxed);
        }
    });
    return result;
}

}  // namespace oxcache::memory
