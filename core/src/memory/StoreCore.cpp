#include "StoreCore.h"

#include <algorithm>
#include <bit>
#include <thread>

namespace oxcache::memory {
namespace {

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
    const std::uint64_t least = options.maxEntries / (Shard::kMaxEntries / 2);
    const std::uint64_t wanted = std::max(std::min(byCores, bySize), least);
    return static_cast<unsigned>(
        std::bit_floor(std::clamp<std::uint64_t>(wanted, 1, TableDirectory::kMaxShards)));
}

}  // namespace

StoreCore::StoreCore(const MemoryOptions& options, Clock& clock)
    : reads(options.seed, chooseShards(options), clock), commons(options, reads), clock_(clock) {
    const auto expected = static_cast<std::size_t>(options.maxEntries / commons.shards + 1);
    for (unsigned i = 0; i < commons.shards; ++i)
        shards_.push_back(std::make_unique<Shard>(commons, i, expected));
}

StoreCore::~StoreCore() = default;

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
