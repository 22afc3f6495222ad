#include "Peers.h"

#include <cstring>

#include "Workload.h"
#include "memory/KeyHash.h"
#include "runtime/ServiceRuntime.h"

namespace oxcache::bench {
namespace {

unsigned byteOf(BytesView value) noexcept { return static_cast<unsigned char>(value[0]); }

unsigned byteOf(const Entry* entry) noexcept {
    return entry == nullptr ? 0 : byteOf(entry->bytes());
}

EntryPtr entryOf(Key key) { return Entry::ofBytes(key, {}, value()); }

Cache cacheOf(std::uint64_t entries) {
    runtime::ServiceParts parts;
    parts.plan.settings.name = "bench";
    parts.plan.settings.usesL2 = false;
    parts.plan.memory.maxEntries = entries;
    parts.plan.coherence = "none";
    parts.clock = std::make_shared<SystemClock>();
    parts.origin = 1;
    auto service = std::make_shared<runtime::ServiceRuntime>(std::move(parts));
    service->start();
    return Cache(std::move(service));
}

}  // namespace

unsigned Store::read(Key key) const {
    unsigned byte = 0;
    store_.visit(key, [&](const Entry& entry) { byte = byteOf(&entry); });
    return byte;
}

void Store::write(Key key) { store_.put(key, entryOf(key), {}); }

unsigned StoreShared::read(Key key) const { return byteOf(store().acquire(key).get()); }

unsigned BareFind::read(Key key) const {
    const std::uint64_t hash = core_.reads.hash(key);
    return byteOf(core_.reads.tables.of(hash).find(memory::KeyHash::tablePart(hash), key));
}

unsigned BareFind::readUncounted(Key key) const {
    memory::ThreadSlot& slot = memory::mySlot();
    const Entry* entry = core_.reads.glance(slot, core_.reads.hash(key), key);
    if (entry == nullptr) [[unlikely]]
        return byteOf(core_.reads.read(key).get());
    return byteOf(memory::Reading(entry, slot).get());
}

void BareFind::write(Key key) {
    core_.admit(key, entryOf(key), {}, memory::StoreCore::Origin::Write, {});
}

CacheVisit::CacheVisit(std::uint64_t entries) : cache_(cacheOf(entries)) {}

CacheVisit::~CacheVisit() = default;

unsigned CacheVisit::read(Key key) const {
    unsigned byte = 0;
    cache_->visit<std::string>(key, [&](BytesView bytes) { byte = byteOf(bytes); });
    return byte;
}

void CacheVisit::write(Key key) { cache_->set(key, value()); }

unsigned CacheGetShared::read(Key key) const {
    return byteOf(*cache_->getShared<std::string>(key));
}

unsigned CacheGet::read(Key key) const { return byteOf(*cache_->get<std::string>(key)); }

Naive::Naive(std::uint64_t entries) : parts_(64) {
    for (Part& part : parts_) part.map.reserve(entries / 64);
}

std::size_t Naive::hashOf(Key key) noexcept {
    return Map::hasher()(absl::string_view(key.data(), key.size()));
}

unsigned Naive::read(Key key) const {
    const std::size_t hash = hashOf(key);
    const Part& part = parts_[hash >> 58];
    std::shared_ptr<const std::string> found;
    {
        const std::shared_lock lock(part.mutex);
        const auto at = part.map.find(absl::string_view(key.data(), key.size()), hash);
        if (at != part.map.end()) found = at->second;
    }
    return found ? byteOf(*found) : 0;
}

void Naive::write(Key key) {
    auto made = std::make_shared<const std::string>(value());
    Part& part = parts_[hashOf(key) >> 58];
    const std::unique_lock lock(part.mutex);
    part.map[absl::string_view(key.data(), key.size())].swap(made);
}

unsigned TextbookLru::read(Key key) {
    const std::lock_guard lock(mutex_);
    const auto at = map_.find(key);
    if (at == map_.end()) return 0;
    order_.splice(order_.begin(), order_, at->second);
    return byteOf(std::string(at->second->second));
}

void TextbookLru::write(Key key) {
    const std::lock_guard lock(mutex_);
    if (const auto at = map_.find(key); at != map_.end()) {
        at->second->second = value();
        order_.splice(order_.begin(), order_, at->second);
        return;
    }
    if (map_.size() == capacity_) {
        map_.erase(order_.back().first);
        order_.pop_back();
    }
    order_.emplace_front(std::string(key), value());
    map_.emplace(order_.front().first, order_.begin());
}

std::string Tbb::make(std::string) { return value(); }

unsigned Tbb::read(Key key) { return byteOf(cache_[std::string(key)].value()); }

template <class F>
auto Rocks::withKey(Key key, F use) const {
    if (!hashed_) return use(rocksdb::Slice(key.data(), key.size()));
    const XXH128_hash_t hash = XXH3_128bits(key.data(), key.size());
    char bytes[sizeof hash];
    std::memcpy(bytes, &hash, sizeof hash);
    return use(rocksdb::Slice(bytes, sizeof bytes));
}

unsigned Rocks::read(Key key) const {
    return withKey(key, [&](const rocksdb::Slice& slice) -> unsigned {
        rocksdb::Cache::Handle* handle = cache_->Lookup(slice);
        if (handle == nullptr) return 0;
        const unsigned byte = byteOf(*static_cast<const std::string*>(cache_->Value(handle)));
        cache_->Release(handle);
        return byte;
    });
}

// HyperClock does not replace, so what is there goes first.
void Rocks::write(Key key) {
    withKey(key, [&](const rocksdb::Slice& slice) {
        if (hashed_) cache_->Erase(slice);
        const auto free = [](const rocksdb::Slice&, void* old) {
            delete static_cast<std::string*>(old);
        };
        if (!cache_->Insert(slice, new std::string(value()), 1, free).ok()) std::abort();
    });
}

RocksLru::RocksLru(std::uint64_t entries)
    : Rocks(
          [entries] {
              rocksdb::LRUCacheOptions options;
              options.capacity = entries;
              options.num_shard_bits = 6;
              options.metadata_charge_policy = rocksdb::kDontChargeCacheMetadata;
              return rocksdb::NewLRUCache(options);
          }(),
          false) {}

RocksHyperClock::RocksHyperClock(std::uint64_t entries)
    : Rocks(
          [entries] {
              rocksdb::HyperClockCacheOptions options(entries, 1);
              options.metadata_charge_policy = rocksdb::kDontChargeCacheMetadata;
              return options.MakeSharedCache();
          }(),
          true) {}

}  // namespace oxcache::bench
