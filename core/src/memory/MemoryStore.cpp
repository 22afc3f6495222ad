#include "MemoryStore.h"

#include <algorithm>

#include "StoreCore.h"

namespace oxcache::memory {

struct MemoryStore::Impl : StoreCore {
    using StoreCore::StoreCore;
};

MemoryStore::MemoryStore(const MemoryOptions& options, Clock& clock)
    : impl_(std::make_unique<Impl>(options, clock)), reads_(&impl_->reads) {}

MemoryStore::~MemoryStore() = default;

Reading MemoryStore::readByAll(Key key) const { return reads_->read(key); }

EntryPtr MemoryStore::acquire(Key key) const {
    if (const Reading reading = reads_->glance(key)) [[likely]]
        return EntryPtr::share(reading.get());
    return reads_->acquire(key);
}

void MemoryStore::visitMany(std::span<const Key> keys,
                            FunctionRef<void(std::size_t, const Entry*)> reader) const {
    constexpr std::size_t kGroup = ReadPath::kGroup;
    for (std::size_t from = 0; from < keys.size(); from += kGroup)
        reads_->visitGroup(keys.subspan(from, std::min(kGroup, keys.size() - from)), from, reader);
}

std::uint64_t MemoryStore::capture(Key key) const noexcept {
    return impl_->counters.of(reads_->hash(key));
}

bool MemoryStore::fill(Key key, EntryPtr entry, const Residence& residence, std::uint64_t captured,
                       const EpochGuard& guard) {
    return impl_->admit(key, std::move(entry), residence, StoreCore::Origin::Fill,
                        {captured, guard});
}

std::uint64_t MemoryStore::begin(Key key) {
    const std::uint64_t hash = reads_->hash(key);
    return impl_
        ->erase(hash, key, RemovalCause::Replaced, StoreCore::Counter::Moves,
                [](const Entry&) { return true; })
        .counter;
}

bool MemoryStore::settle(Key key, EntryPtr entry, const Residence& residence, std::uint64_t begun) {
    return impl_->admit(key, std::move(entry), residence, StoreCore::Origin::Write, {begun});
}

bool MemoryStore::put(Key key, EntryPtr entry, const Residence& residence) {
    return impl_->admit(key, std::move(entry), residence, StoreCore::Origin::Write, {});
}

bool MemoryStore::invalidate(Key key, const Version& keep) {
    return impl_
        ->erase(reads_->hash(key), key, RemovalCause::Explicit, StoreCore::Counter::Moves,
                [&](const Entry& entry) { return !keep || entry.version() != keep; })
        .erased;
}

bool MemoryStore::expire(Key key) {
    const std::uint64_t hash = reads_->hash(key);
    Shard& shard = impl_->shardOf(hash);
    ShardLock lock(shard.mutex);
    impl_->counters.move(hash);
    const Entry* entry = shard.find(hash, key).entry;
    if (entry == nullptr || !EntryLink::alive(*entry, impl_->nowMs())) return false;
    entry->markStale();
    return true;
}

bool MemoryStore::discard(const Entry& entry) {
    return impl_
        ->erase(reads_->hash(entry.key()), entry.key(), RemovalCause::Expired,
                StoreCore::Counter::Stays, [&](const Entry& found) { return &found == &entry; })
        .erased;
}

// Fills read the tags' generations before they look at their counter: one that reads the moved
// generation finds its counter moved too.
void MemoryStore::invalidateTag(std::string_view tag) {
    impl_->counters.moveAll();
    impl_->commons.tags.invalidate(tag);
}

std::size_t MemoryStore::invalidatePrefix(Key prefix) {
    impl_->counters.moveAll();
    std::size_t erased = 0;
    impl_->forEachLive([&](const Entry& entry) {
        if (!entry.key().starts_with(prefix)) return;
        const auto same = [&](const Entry& found) { return &found == &entry; };
        if (impl_
                ->erase(reads_->hash(entry.key()), entry.key(), RemovalCause::Explicit,
                        StoreCore::Counter::Stays, same)
                .erased)
            ++erased;
    });
    return erased;
}

void MemoryStore::clear() { impl_->clear(); }

void MemoryStore::resize(std::uint64_t maxEntries, std::uint64_t maxBytes) {
    impl_->resize(maxEntries, maxBytes);
}

void MemoryStore::cleanUp() { impl_->cleanUp(); }

void MemoryStore::forEach(FunctionRef<void(const Entry&)> reader) const {
    impl_->forEachLive(reader);
}

std::vector<EntryPtr> MemoryStore::hottest(std::size_t count) const {
    return impl_->ranked(count, true);
}

std::vector<EntryPtr> MemoryStore::coldest(std::size_t count) const {
    return impl_->ranked(count, false);
}

std::optional<EntryReport> MemoryStore::inspect(Key key) const { return impl_->inspect(key); }

void MemoryStore::setListener(RemovalListener listener) {
    impl_->commons.listened.store(static_cast<bool>(listener));
    impl_->listener = std::move(listener);
}

MemoryStatistics MemoryStore::statistics() const { return impl_->statistics(); }

}  // namespace oxcache::memory
