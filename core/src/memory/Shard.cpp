#include "Shard.h"

#include <algorithm>
#include <new>
#include <utility>

namespace oxcache::memory {
namespace {

constexpr std::size_t kPresized = 8192;

// Doublings of it come to what is expected.
std::size_t presized(std::size_t entries) {
    while (entries > kPresized) entries = (entries + 1) / 2;
    return entries;
}

}  // namespace

Shard::Shard(StoreCommons& commons, std::size_t index, std::size_t expectedEntries)
    : commons_(commons),
      expected_(expectedEntries),
      index_(index),
      table_(std::make_unique<EntryTable>(std::min(expectedEntries, kPresized))),
      sketch_(presized(expectedEntries)) {
    commons_.reads.tables.publish(index_, table_->view(), std::make_unique<TableDirectory::List>());
}

Shard::~Shard() {
    const auto free = [](TableIndex, const Entry& entry) {
        EntryLink::unclaim(entry);
        entry.release();
    };
    table_->forEach(free);
    for (Detached& one : detached_)
        for (; one.next < one.table->end(); one.next = EntryTable::next(one.next))
            if (const Entry* entry = one.table->at(one.next)) free(one.next, *entry);
}

// Whatever may fail for want of memory comes before anything has changed; so below.
void Shard::append(std::uint64_t hash, EntryPtr&& owned, std::uint64_t weight,
                   Aftermath& aftermath) {
    const Entry& entry = *owned;
    if (table_->full()) grow(aftermath);
    sketch_.serve(entries_.load(std::memory_order_relaxed) + 1);
    window_.makeRoom(*table_);
    time(hash, entry);
    EntryLink::setMark(entry, 0);
    sketch_.add(KeyHash::tablePart(hash));
    window_.pushBack(entry, table_->insert(KeyHash::tablePart(hash), owned.leak()));
    windowWeight_ += weight;
    add(weight_, weight);
    add(entries_, 1);
    try {
        settleWindow();
    } catch (const std::bad_alloc&) {  // the window is too large for a while
    }
}

void Shard::unlink(std::uint64_t hash, const Found& found, RemovalCause cause, Room& room,
                   Aftermath& aftermath) {
    const Entry& entry = *found.entry;
    expectDepartures(1, aftermath);
    const auto [footprint, weight] = EntryLink::size(entry);
    table_->erase(KeyHash::tablePart(hash), found.at);
    if (!EntryLink::isMain(entry)) windowWeight_ -= weight;
    queueOf(entry).erase(entry);
    add(entries_, UINT64_MAX);
    add(weight_, 0 - weight);
    if (const unsigned mark = EntryLink::mark(entry); mark != 0)
        sketch_.add(KeyHash::tablePart(hash), mark);
    room.add(1, weight);
    aftermath.count(cause, 1, weight);
    depart(entry, footprint, cause, aftermath);
}

void Shard::grow(Aftermath& aftermath) {
    const std::size_t entries = table_->entries();
    std::size_t room = 2 * entries;
    if (entries < expected_) room = std::min(room, expected_ + expected_ / 32);
    auto table = std::make_unique<EntryTable>(std::max(room, entries + entries / 4));
    auto list = std::make_unique<TableDirectory::List>();
    aftermath.expectObjects(2);
    table_->forEach([&](TableIndex, const Entry& entry) OXCACHE_NO_THREAD_SAFETY_ANALYSIS {
        queueOf(entry).move(entry, table->insert(KeyHash::tablePart(hashOf(entry)), &entry));
    });
    retire(changeTable(std::move(table), std::move(list), aftermath), aftermath);
}

std::unique_ptr<EntryTable> Shard::changeTable(std::unique_ptr<EntryTable> table,
                                               std::unique_ptr<TableDirectory::List> list,
                                               Aftermath& aftermath) {
    list = commons_.reads.tables.publish(index_, table->view(), std::move(list));
    aftermath.retire(std::move(list), sizeof *list);
    table_.swap(table);
    return table;
}

void Shard::retire(std::unique_ptr<EntryTable> table, Aftermath& aftermath) {
    const std::size_t bytes = table->bytes();
    aftermath.retire(std::move(table), bytes);
}

void Shard::detachAll(Room& room, Aftermath& aftermath) {
    const std::uint64_t entries = entries_.load(std::memory_order_relaxed);
    const std::uint64_t weight = weight_.load(std::memory_order_relaxed);
    if (entries == 0) return;
    auto table = std::make_unique<EntryTable>(std::min(expected_, kPresized));
    auto list = std::make_unique<TableDirectory::List>();
    aftermath.expectObjects(1);
    Detached& detached = detached_.emplace_back();
    detached.table = changeTable(std::move(table), std::move(list), aftermath);
    window_.giveAll(detached.window);
    main_.giveAll(detached.main);
    windowWeight_ = 0;
    entries_.store(0, std::memory_order_relaxed);
    weight_.store(0, std::memory_order_relaxed);
    wheel_.clear();
    room.add(entries, weight);
    aftermath.count(RemovalCause::Cleared, entries, weight);
}

// The queues' memory goes little by little too.
void Shard::drainDetached(std::size_t limit, Aftermath& aftermath) {
    for (; limit > 0 && !detached_.empty(); --limit) {
        Detached& one = detached_.back();
        for (EntryQueue::Slots* slots : {&one.window, &one.main})
            if (!slots->empty()) slots->pop_back();
        expectDepartures(1, aftermath);
        if (one.next == one.table->end()) {
            aftermath.expectObjects(1);
            retire(std::move(one.table), aftermath);
            detached_.pop_back();
            continue;
        }
        if (const Entry* entry = one.table->at(one.next))
            depart(*entry, entry->footprint(), RemovalCause::Cleared, aftermath);
        one.next = EntryTable::next(one.next);
    }
}

void Shard::forEach(FunctionRef<void(const Entry&)> visitor) const {
    table_->forEach([&](TableIndex, const Entry& entry) { visitor(entry); });
}

}  // namespace oxcache::memory
