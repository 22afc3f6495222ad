#include "EntryTable.h"

#include <algorithm>

namespace oxcache::memory {
namespace {

constexpr std::uint64_t kOverflowed = 1ULL << Bucket::kOverflowShift;
constexpr std::uint64_t kStuck = 0xff;  // an overflow count that is no longer known

}  // namespace

// Five eighths of the slots are for entries, a quarter more for a while: the fuller, the more often
// an entry is not in its own bucket, which a read does not foresee.
EntryTable::EntryTable(std::size_t entries)
    : count_(std::max<std::size_t>(1, (entries * 8 / 5 + Bucket::kSlots - 1) / Bucket::kSlots)),
      buckets_(count_),
      view_(&buckets_[0], count_),
      limit_(std::max<std::size_t>(4, count_ * Bucket::kSlots * 7 / 8)) {}

// Ends in the first bucket that nobody passed; where none is such, after all of them.
Found TableView::search(TableHash hash, Key key) const noexcept {
    std::size_t at = bucketOf(hash);
    for (std::size_t steps = 0; steps <= count_; ++steps) {
        const Bucket& bucket = buckets_[at];
        for (SlotSet slots = SlotSet::matching(bucket.tags, hash); !slots.empty();
             slots.dropFirst()) {
            const Entry* entry = bucket.entries[slots.first()].load(std::memory_order_acquire);
            if (entry != nullptr && EntryLink::hasKey(*entry, key))
                return {entry, Bucket::indexOf(at, slots.first())};
        }
        if (!bucket.overflowed()) return {};
        if (++at == count_) at = 0;
    }
    return {};
}

// The pointer is stored before its tag, so that a find that sees the tag sees the entry.
TableIndex EntryTable::insert(TableHash hash, const Entry* entry) noexcept {
    const std::size_t home = view_.bucketOf(hash);
    for (std::size_t at = home;; at = after(at)) {
        Bucket& bucket = buckets_[at];
        for (unsigned slot = 0; slot < Bucket::kSlots; ++slot) {
            if (bucket.entries[slot].load(std::memory_order_relaxed) != nullptr) continue;
            moveOverflow(home, at, true);
            bucket.entries[slot].store(entry, std::memory_order_release);
            const std::uint64_t tags = bucket.tags.load(std::memory_order_relaxed);
            bucket.tags.store(tags | std::uint64_t{TableView::tagOf(hash)} << (8 * slot),
                              std::memory_order_release);
            ++entries_;
            return Bucket::indexOf(at, slot);
        }
    }
}

void EntryTable::erase(TableHash hash, TableIndex at) noexcept {
    const std::size_t own = at / Bucket::kWords;
    std::atomic<std::uint64_t>& tags = buckets_[own].tags;
    tags.store(tags.load(std::memory_order_relaxed) & ~(0xffULL << (8 * (at % Bucket::kWords))),
               std::memory_order_release);
    slot(at).store(nullptr, std::memory_order_release);
    moveOverflow(view_.bucketOf(hash), own, false);
    --entries_;
}

void EntryTable::moveOverflow(std::size_t from, std::size_t to, bool up) noexcept {
    for (std::size_t at = from; at != to; at = after(at)) {
        std::atomic<std::uint64_t>& tags = buckets_[at].tags;
        const std::uint64_t now = tags.load(std::memory_order_relaxed);
        if (now >> Bucket::kOverflowShift == kStuck) continue;
        tags.store(up ? now + kOverflowed : now - kOverflowed, std::memory_order_release);
    }
}

void EntryTable::candidates(TableHash hash, FunctionRef<void(const Found&)> visitor) const {
    std::size_t at = view_.bucketOf(hash);
    for (std::size_t steps = 0; steps <= count_; ++steps) {
        const Bucket& bucket = buckets_[at];
        const bool overflowed = bucket.overflowed();
        for (SlotSet slots = SlotSet::matching(bucket.tags, hash); !slots.empty();
             slots.dropFirst())
            if (const Entry* entry = bucket.entries[slots.first()].load(std::memory_order_relaxed))
                visitor({entry, Bucket::indexOf(at, slots.first())});
        if (!overflowed) return;
        at = after(at);
    }
}

void EntryTable::forEach(FunctionRef<void(TableIndex, const Entry&)> visitor) const {
    for (TableIndex index = 0; index < end(); index = next(index))
        if (const Entry* entry = at(index)) visitor(index, *entry);
}

}  // namespace oxcache::memory
