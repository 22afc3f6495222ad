#include "Shard.h"

#include <algorithm>

namespace oxcache::memory {
namespace {

constexpr std::size_t kPresized = 8192;

// Doublings of it come to what is expected.
std::size_t presized(std::size_t entries) {
    while (entries > kPresized) entries = (entries + 1) / 2;
    return entries;
}

}  // namespace

Shard::Shard(StoreCommons& commons, std::size_t expectedEntries, std::atomic<EntryTable*>& table)
    : commons_(commons),
      expected_(expectedEntries),
      table_(table),
      sketch_(presized(expectedEntries)) {
    table_.store(new EntryTable(std::min(expectedEntries, kPresized)), std::memory_order_release);
}

Shard::~Shard() {
    table().forEach([](const Entry& entry) {
        EntryLink::unclaim(entry);
        entry.release();
    });
    for (const auto& entries : detached_)
        for (const Entry* entry : entries) {
            if (entry == nullptr) continue;
            EntryLink::unclaim(*entry);
            entry->release();
        }
    delete table_.load();
}

void Shard::link(std::uint64_t hash, EntryPtr owned, const Entry* old, RemovalCause cause,
                 Aftermath& aftermath) {
    const Entry& entry = *owned.leak();
    const std::uint64_t weight = EntryLink::weight(entry);
    add(weight_, weight);
    EntryTable* table = table_.load(std::memory_order_relaxed);
    if (old == nullptr) {
        if (table->full()) {
            grow(aftermath);
            table = table_.load(std::memory_order_relaxed);
        }
        add(entries_, 1);
        sketch_.serve(static_cast<std::size_t>(entries_.load(std::memory_order_relaxed)));
        sketch_.add(KeyHash::tablePart(hash));
        EntryLink::setMark(entry, 0);
        window_.pushBack(&entry);
        windowWeight_ += weight;
        time(hash, entry);
        table->insert(KeyHash::tablePart(hash), &entry);
        settleWindow();
        return;
    }
    const Place before = EntryLink::place(*old);
    const std::uint64_t oldWeight = EntryLink::weight(*old);
    EntryLink::setMark(entry, EntryLink::mark(*old));
    queueOf(*old).replace(*old, &entry);
    if (!before.main) windowWeight_ += weight - oldWeight;
    add(weight_, 0 - oldWeight);
    // A record that fires before the new deadline will be moved then.
    if (before.timed && EntryLink::dueAt(*old) <= EntryLink::dueAt(entry)) {
        Place place = EntryLink::place(entry);
        place.timed = true;
        place.bucket = before.bucket;
        EntryLink::setPlace(entry, place);
    } else {
        time(hash, entry);
    }
    table->replace(KeyHash::tablePart(hash), old, &entry);
    aftermath.count(cause, 1, oldWeight);
    depart(*old, cause, aftermath);
}

void Shard::unlink(std::uint64_t hash, const Entry& entry, RemovalCause cause, Room& room,
                   Aftermath& aftermath) {
    const std::uint64_t weight = EntryLink::weight(entry);
    table_.load(std::memory_order_relaxed)->erase(KeyHash::tablePart(hash), &entry);
    if (!EntryLink::place(entry).main) windowWeight_ -= weight;
    queueOf(entry).erase(entry);
    add(entries_, UINT64_MAX);
    add(weight_, 0 - weight);
    if (const unsigned mark = EntryLink::mark(entry); mark != 0)
        sketch_.add(KeyHash::tablePart(hash), mark);
    room.add(1, weight);
    aftermath.count(cause, 1, weight);
    depart(entry, cause, aftermath);
}

// The entry is in no structure any more; its count goes to those who wait for readers.
void Shard::depart(const Entry& entry, RemovalCause cause, Aftermath& aftermath) {
    if (commons_.listened.load(std::memory_order_relaxed))
        aftermath.departures.push_back({EntryPtr::share(&entry), cause});
    EntryLink::unclaim(entry);
    aftermath.retire(Retired::entry(&entry), entry.footprint());
}

void Shard::grow(Aftermath& aftermath) {
    EntryTable* old = table_.load(std::memory_order_relaxed);
    const std::size_t entries = old->entries();
    std::size_t room = 2 * entries;
    if (entries < expected_) room = std::min(room, expected_ + expected_ / 32);
    auto* table = new EntryTable(std::max(room, entries + entries / 4));
    old->forEach(
        [&](const Entry& entry) { table->insert(KeyHash::tablePart(hashOf(entry)), &entry); });
    table_.store(table, std::memory_order_release);
    aftermath.retire(Retired::object(old), old->bytes());
}

void Shard::detachAll(Room& room, Aftermath& aftermath) {
    const std::uint64_t entries = entries_.load(std::memory_order_relaxed);
    const std::uint64_t weight = weight_.load(std::memory_order_relaxed);
    if (entries == 0) return;
    EntryTable* old = table_.load(std::memory_order_relaxed);
    table_.store(new EntryTable(std::min(expected_, kPresized)), std::memory_order_release);
    aftermath.retire(Retired::object(old), old->bytes());
    for (EntryQueue* queue : {&window_, &main_}) detached_.push_back(queue->takeAll());
    windowWeight_ = 0;
    entries_.store(0, std::memory_order_relaxed);
    weight_.store(0, std::memory_order_relaxed);
    wheel_.clear();
    room.add(entries, weight);
    aftermath.count(RemovalCause::Cleared, entries, weight);
}

void Shard::drainDetached(std::size_t limit, Aftermath& aftermath) {
    for (; limit > 0 && !detached_.empty(); --limit) {
        std::deque<const Entry*>& entries = detached_.back();
        if (entries.empty()) {
            detached_.pop_back();
            continue;
        }
        const Entry* entry = entries.back();
        entries.pop_back();
        if (entry != nullptr) depart(*entry, RemovalCause::Cleared, aftermath);
    }
}

void Shard::forEach(FunctionRef<void(const Entry&)> visitor) const { table().forEach(visitor); }

}  // namespace oxcache::memory
