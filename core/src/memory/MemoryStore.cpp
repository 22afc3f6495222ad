#include "MemoryStore.h"

#include <algorithm>
#include <bit>
#include <list>
#include <random>
#include <thread>
#include <unordered_map>

#include <xxhash.h>

#include "AdmissionCounters.h"
#include "oxcache/base/Mutex.h"

namespace oxcache::memory {
namespace {

constexpr std::int64_t kNever = INT64_MAX;

struct Node {
    EntryPtr entry;
    std::uint64_t weight = 0;
    std::int64_t hardMs = kNever;
    std::int64_t idleMs = kNever;
    std::int64_t touchedMs = 0;

    bool expired(std::int64_t nowMs) const noexcept {
        return nowMs >= hardMs || (idleMs != kNever && nowMs - touchedMs >= idleMs);
    }
};

using List = std::list<Node>;

struct alignas(64) Shard {
    Mutex mutex;
    List order OXCACHE_GUARDED_BY(mutex);  // the most recently used first
    std::unordered_map<Key, List::iterator> index OXCACHE_GUARDED_BY(mutex);
    List::iterator swept OXCACHE_GUARDED_BY(mutex) = order.end();
    std::uint64_t hits OXCACHE_GUARDED_BY(mutex) = 0;
    std::uint64_t misses OXCACHE_GUARDED_BY(mutex) = 0;
};

struct Removed {
    EntryPtr entry;
    RemovalCause cause;
};

unsigned chooseShards(const MemoryOptions& options) {
    if (options.shards != 0) return std::bit_ceil(options.shards);
    const std::uint64_t byCores = 4ULL * std::max(1U, std::thread::hardware_concurrency());
    const std::uint64_t byEntries = std::max<std::uint64_t>(1, options.maxEntries / 64);
    return static_cast<unsigned>(std::bit_floor(std::min({byCores, byEntries, UINT64_C(256)})));
}

}  // namespace

struct MemoryStore::Impl {
    Impl(const MemoryOptions& options, Clock& timeSource)
        : clock(timeSource),
          seed(options.seed != 0 ? options.seed : std::random_device{}()),
          maxEntries(options.maxEntries),
          maxBytes(options.maxBytes == 0 ? UINT64_MAX : options.maxBytes),
          shards(chooseShards(options)) {}

    std::uint64_t hash(Key key) const noexcept {
        return XXH3_64bits_withSeed(key.data(), key.size(), seed);
    }
    Shard& shardOf(std::uint64_t hashed) const noexcept { return shards[hashed % shards.size()]; }
    std::int64_t nowMs() const noexcept {
        return std::chrono::duration_cast<Duration>(clock.steady().time_since_epoch()).count();
    }

    bool reserve(std::uint64_t weight) noexcept;
    void release(std::uint64_t count, std::uint64_t weight) noexcept {
        entries.fetch_sub(count, std::memory_order_acq_rel);
        bytes.fetch_sub(weight, std::memory_order_acq_rel);
    }
    const Node* find(Shard& shard, Key key) OXCACHE_REQUIRES(shard.mutex);
    void unlink(Shard& shard, List::iterator node, RemovalCause cause,
                std::vector<Removed>& removed) OXCACHE_REQUIRES(shard.mutex);
    bool erase(Shard& shard, Key key, RemovalCause cause, std::vector<Removed>& removed)
        OXCACHE_REQUIRES(shard.mutex);
    bool evictOne(Shard& shard, RemovalCause cause, std::vector<Removed>& removed)
        OXCACHE_REQUIRES(shard.mutex);
    void sweep(Shard& shard, std::size_t steps, std::vector<Removed>& removed)
        OXCACHE_REQUIRES(shard.mutex);
    bool admit(const EntryPtr& entry, const Residence& residence, std::uint64_t hashed,
               FunctionRef<bool()> allowed, bool eraseWhenRefused);
    bool evictElsewhere(const Shard& own, std::vector<Removed>& removed);
    void tell(std::vector<Removed>& removed) const;

    Clock& clock;
    const std::uint64_t seed;
    std::atomic<std::uint64_t> maxEntries;
    std::atomic<std::uint64_t> maxBytes;
    std::atomic<std::uint64_t> entries{0};
    std::atomic<std::uint64_t> bytes{0};
    std::atomic<std::uint64_t> removals[5] = {};
    std::atomic<std::uint64_t> removedWeight[5] = {};
    std::atomic<std::uint64_t> tooLarge{0};
    std::atomic<std::uint64_t> overtaken{0};
    AdmissionCounters counters;
    RemovalListener listener;
    mutable std::vector<Shard> shards;
};

bool MemoryStore::Impl::reserve(std::uint64_t weight) noexcept {
    const auto take = [](std::atomic<std::uint64_t>& used, std::uint64_t amount,
                         std::uint64_t limit) {
        std::uint64_t now = used.load(std::memory_order_relaxed);
        while (amount <= limit && now <= limit - amount)
            if (used.compare_exchange_weak(now, now + amount, std::memory_order_acq_rel))
                return true;
        return false;
    };
    if (!take(entries, 1, maxEntries.load(std::memory_order_relaxed))) return false;
    if (take(bytes, weight, maxBytes.load(std::memory_order_relaxed))) return true;
    entries.fetch_sub(1, std::memory_order_acq_rel);
    return false;
}

const Node* MemoryStore::Impl::find(Shard& shard, Key key) {
    const auto found = shard.index.find(key);
    const std::int64_t now = nowMs();
    if (found == shard.index.end() || found->second->expired(now)) {
        ++shard.misses;
        return nullptr;
    }
    Node& node = *found->second;
    ++shard.hits;
    node.touchedMs = now;
    shard.order.splice(shard.order.begin(), shard.order, found->second);
    return &node;
}

void MemoryStore::Impl::unlink(Shard& shard, List::iterator node, RemovalCause cause,
                               std::vector<Removed>& removed) {
    const auto at = static_cast<std::size_t>(cause);
    removals[at].fetch_add(1, std::memory_order_relaxed);
    removedWeight[at].fetch_add(node->weight, std::memory_order_relaxed);
    release(1, node->weight);
    shard.index.erase(node->entry->key());
    if (shard.swept == node) ++shard.swept;
    removed.push_back({std::move(node->entry), cause});
    shard.order.erase(node);
}

bool MemoryStore::Impl::erase(Shard& shard, Key key, RemovalCause cause,
                              std::vector<Removed>& removed) {
    const auto found = shard.index.find(key);
    if (found == shard.index.end()) return false;
    unlink(shard, found->second, found->second->expired(nowMs()) ? RemovalCause::Expired : cause,
           removed);
    return true;
}

bool MemoryStore::Impl::evictOne(Shard& shard, RemovalCause cause, std::vector<Removed>& removed) {
    if (shard.order.empty()) return false;
    const auto last = std::prev(shard.order.end());
    unlink(shard, last, last->expired(nowMs()) ? RemovalCause::Expired : cause, removed);
    return true;
}

// A slow walk over the whole list, a few steps per write, so that expired entries leave unread.
void MemoryStore::Impl::sweep(Shard& shard, std::size_t steps, std::vector<Removed>& removed) {
    const std::int64_t now = nowMs();
    for (std::size_t i = 0; i < steps && !shard.order.empty(); ++i) {
        if (shard.swept == shard.order.end()) shard.swept = shard.order.begin();
        const auto node = shard.swept++;
        if (node->expired(now)) unlink(shard, node, RemovalCause::Expired, removed);
    }
}

bool MemoryStore::Impl::evictElsewhere(const Shard& own, std::vector<Removed>& removed) {
    for (Shard& shard : shards) {
        if (&shard == &own) continue;
        MutexLock lock(shard.mutex);
        if (evictOne(shard, RemovalCause::Size, removed)) return true;
    }
    return false;
}

// The bounds hold at every moment: room is reserved before the entry is linked. `allowed` is asked
// under the shard's lock each time it has been taken.
bool MemoryStore::Impl::admit(const EntryPtr& entry, const Residence& residence,
                              std::uint64_t hashed, FunctionRef<bool()> allowed,
                              bool eraseWhenRefused) {
    Shard& shard = shardOf(hashed);
    const std::uint64_t weight = residence.cost.value_or(entry->footprint());
    const bool dead = (residence.ttl && residence.ttl->count() <= 0) ||
                      (residence.idle && residence.idle->count() <= 0);
    std::vector<Removed> removed;
    MutexLock lock(shard.mutex);
    bool admitted = false;
    for (;;) {
        if (!allowed()) {
            overtaken.fetch_add(1, std::memory_order_relaxed);
            if (eraseWhenRefused) erase(shard, entry->key(), RemovalCause::Explicit, removed);
            break;
        }
        const bool heavy = weight > maxBytes.load(std::memory_order_relaxed) ||
                           maxEntries.load(std::memory_order_relaxed) == 0;
        if (heavy) tooLarge.fetch_add(1, std::memory_order_relaxed);
        erase(shard, entry->key(), dead || heavy ? RemovalCause::Explicit : RemovalCause::Replaced,
              removed);
        if (dead || heavy) break;
        sweep(shard, 4, removed);
        bool reserved = reserve(weight);
        while (!reserved && evictOne(shard, RemovalCause::Size, removed))
            reserved = reserve(weight);
        if (reserved) {
            const std::int64_t now = nowMs();
            Node node{entry, weight, kNever, kNever, now};
            if (residence.ttl && residence.ttl->count() < kNever - now)
                node.hardMs = now + residence.ttl->count();
            if (residence.idle) node.idleMs = residence.idle->count();
            shard.order.push_front(std::move(node));
            shard.index.emplace(entry->key(), shard.order.begin());
            admitted = true;
            break;
        }
        lock.unlock();
        if (!evictElsewhere(shard, removed)) std::this_thread::yield();
        lock.lock();
    }
    lock.unlock();
    tell(removed);
    return admitted;
}

void MemoryStore::Impl::tell(std::vector<Removed>& removed) const {
    if (!listener) return;
    for (const Removed& one : removed) listener(*one.entry, one.cause);
}

MemoryStore::MemoryStore(const MemoryOptions& options, Clock& clock)
    : impl_(std::make_unique<Impl>(options, clock)) {}

MemoryStore::~MemoryStore() = default;

bool MemoryStore::visit(Key key, FunctionRef<void(const Entry&)> reader) const {
    const EntryPtr entry = acquire(key);
    if (entry) reader(*entry);
    return static_cast<bool>(entry);
}

EntryPtr MemoryStore::acquire(Key key) const {
    Shard& shard = impl_->shardOf(impl_->hash(key));
    MutexLock lock(shard.mutex);
    const Node* node = impl_->find(shard, key);
    return node == nullptr ? EntryPtr() : node->entry;
}

void MemoryStore::visitMany(std::span<const Key> keys,
                            FunctionRef<void(std::size_t, const Entry*)> reader) const {
    for (std::size_t i = 0; i < keys.size(); ++i) reader(i, acquire(keys[i]).get());
}

std::uint64_t MemoryStore::capture(Key key) const noexcept {
    return impl_->counters.of(impl_->hash(key));
}

bool MemoryStore::fill(EntryPtr entry, const Residence& residence, std::uint64_t captured,
                       const EpochGuard& guard) {
    const std::uint64_t hashed = impl_->hash(entry->key());
    const auto unmoved = [&] {
        return impl_->counters.of(hashed) == captured && guard.unchanged();
    };
    return impl_->admit(entry, residence, hashed, unmoved, false);
}

std::uint64_t MemoryStore::begin(Key key) {
    const std::uint64_t hashed = impl_->hash(key);
    const std::uint64_t begun = impl_->counters.move(hashed);
    Shard& shard = impl_->shardOf(hashed);
    std::vector<Removed> removed;
    {
        MutexLock lock(shard.mutex);
        impl_->erase(shard, key, RemovalCause::Replaced, removed);
    }
    impl_->tell(removed);
    return begun;
}

bool MemoryStore::settle(EntryPtr entry, const Residence& residence, std::uint64_t begun) {
    const std::uint64_t hashed = impl_->hash(entry->key());
    std::uint64_t expected = begun;
    const auto unmoved = [&] {
        const bool standing = impl_->counters.of(hashed) == expected;
        expected = impl_->counters.move(hashed);
        return standing;
    };
    return impl_->admit(entry, residence, hashed, unmoved, true);
}

bool MemoryStore::put(EntryPtr entry, const Residence& residence) {
    const std::uint64_t hashed = impl_->hash(entry->key());
    const auto move = [&] {
        impl_->counters.move(hashed);
        return true;
    };
    return impl_->admit(entry, residence, hashed, move, true);
}

bool MemoryStore::invalidate(Key key, const Version& keep) {
    const std::uint64_t hashed = impl_->hash(key);
    impl_->counters.move(hashed);
    Shard& shard = impl_->shardOf(hashed);
    std::vector<Removed> removed;
    bool erased = false;
    {
        MutexLock lock(shard.mutex);
        const auto found = shard.index.find(key);
        if (found != shard.index.end() && (!keep || found->second->entry->version() != keep))
            erased = impl_->erase(shard, key, RemovalCause::Explicit, removed);
    }
    impl_->tell(removed);
    return erased;
}

bool MemoryStore::expire(Key key) {
    const std::uint64_t hashed = impl_->hash(key);
    impl_->counters.move(hashed);
    Shard& shard = impl_->shardOf(hashed);
    MutexLock lock(shard.mutex);
    const auto found = shard.index.find(key);
    if (found == shard.index.end() || found->second->expired(impl_->nowMs())) return false;
    found->second->entry->markStale();
    return true;
}

bool MemoryStore::discard(const Entry& entry) {
    Shard& shard = impl_->shardOf(impl_->hash(entry.key()));
    std::vector<Removed> removed;
    bool erased = false;
    {
        MutexLock lock(shard.mutex);
        const auto found = shard.index.find(entry.key());
        if (found != shard.index.end() && found->second->entry.get() == &entry)
            erased = impl_->erase(shard, entry.key(), RemovalCause::Expired, removed);
    }
    impl_->tell(removed);
    return erased;
}

void MemoryStore::clear() {
    impl_->counters.moveAll();
    for (Shard& shard : impl_->shards) {
        std::vector<Removed> removed;
        {
            MutexLock lock(shard.mutex);
            while (!shard.order.empty())
                impl_->unlink(shard, shard.order.begin(), RemovalCause::Cleared, removed);
        }
        impl_->tell(removed);
    }
}

void MemoryStore::resize(std::uint64_t maxEntries, std::uint64_t maxBytes) {
    impl_->maxEntries.store(maxEntries);
    impl_->maxBytes.store(maxBytes == 0 ? UINT64_MAX : maxBytes);
    std::vector<Removed> removed;
    const auto over = [&] {
        return impl_->entries.load() > impl_->maxEntries.load() ||
               impl_->bytes.load() > impl_->maxBytes.load();
    };
    for (bool evicted = true; evicted && over();) {
        evicted = false;
        for (Shard& shard : impl_->shards) {
            MutexLock lock(shard.mutex);
            if (over() && impl_->evictOne(shard, RemovalCause::Size, removed)) evicted = true;
        }
    }
    impl_->tell(removed);
}

void MemoryStore::cleanUp() {
    for (Shard& shard : impl_->shards) {
        std::vector<Removed> removed;
        {
            MutexLock lock(shard.mutex);
            impl_->sweep(shard, shard.order.size(), removed);
        }
        impl_->tell(removed);
    }
}

void MemoryStore::forEach(FunctionRef<void(const Entry&)> reader) const {
    const std::int64_t now = impl_->nowMs();
    for (Shard& shard : impl_->shards) {
        std::vector<EntryPtr> live;
        {
            MutexLock lock(shard.mutex);
            for (const Node& node : shard.order)
                if (!node.expired(now)) live.push_back(node.entry);
        }
        for (const EntryPtr& entry : live) reader(*entry);
    }
}

void MemoryStore::setListener(RemovalListener listener) { impl_->listener = std::move(listener); }

MemoryStatistics MemoryStore::statistics() const {
    MemoryStatistics result;
    result.entries = impl_->entries.load();
    result.bytes = impl_->bytes.load();
    result.tooLarge = impl_->tooLarge.load();
    result.overtaken = impl_->overtaken.load();
    for (std::size_t i = 0; i < 5; ++i) {
        result.removals[i] = impl_->removals[i].load();
        result.removedWeight[i] = impl_->removedWeight[i].load();
    }
    for (Shard& shard : impl_->shards) {
        MutexLock lock(shard.mutex);
        result.hits += shard.hits;
        result.misses += shard.misses;
    }
    return result;
}

}  // namespace oxcache::memory
