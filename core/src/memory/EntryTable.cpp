#include "EntryTable.h"

#include <algorithm>

namespace oxcache::memory {
namespace {

constexpr std::uint64_t kStuck = 0xff;  // an overflow count that is no longer known

}  // namespace

// Three quarters of the slots are for entries, an eighth more for a while.
EntryTable::EntryTable(std::size_t entries)
    : count_(std::max<std::size_t>(1, (entries * 4 / 3 + kSlots - 1) / kSlots)),
      buckets_(count_),
      limit_(std::max<std::size_t>(4, count_ * kSlots * 7 / 8)) {}

const Entry* EntryTable::search(TableHash hash, Key key) const noexcept {
    const std::uint64_t pattern = tagOf(hash) * kEveryByte;
    std::size_t at = bucketOf(hash);
    for (std::size_t steps = 0; steps <= count_; ++steps) {
        const Bucket& bucket = buckets_[at];
        const std::uint64_t tags = bucket.tags.load(std::memory_order_acquire);
        for (std::uint64_t match = matches(tags, pattern); match != 0; match &= match - 1) {
            const Entry* entry = bucket.entries[slotOf(match)].load(std::memory_order_acquire);
            if (entry != nullptr && hasKey(*entry, key)) return entry;
        }
        if (tags >> kOverflowShift == 0) return nullptr;
        if (++at == count_) at = 0;
    }
    return nullptr;
}

const Entry* EntryTable::guess(TableHash hash) const noexcept {
    const Bucket& bucket = buckets_[bucketOf(hash)];
    const std::uint64_t match =
        matches(bucket.tags.load(std::memory_order_acquire), tagOf(hash) * kEveryByte);
    return match == 0 ? nullptr : bucket.entries[slotOf(match)].load(std::memory_order_acquire);
}

// The pointer is stored before its tag, so that a find that sees the tag sees the entry.
void EntryTable::insert(TableHash hash, const Entry* entry) noexcept {
    const std::size_t home = bucketOf(hash);
    for (std::size_t at = home;; at = at + 1 == count_ ? 0 : at + 1) {
        Bucket& bucket = buckets_[at];
        const std::uint64_t tags = bucket.tags.load(std::memory_order_relaxed);
        for (unsigned slot = 0; slot < kSlots; ++slot) {
            if ((tags >> (8 * slot) & 0xff) != 0) continue;
            moveOverflow(home, at, true);
            bucket.entries[slot].store(entry, std::memory_order_release);
            bucket.tags.store(bucket.tags.load(std::memory_order_relaxed) | tagOf(hash)
                                                                                << (8 * slot),
                              std::memory_order_release);
            ++entries_;
            return;
        }
    }
}

void EntryTable::replace(TableHash hash, const Entry* old, const Entry* entry) noexcept {
    const Position at = positionOf(hash, old);
    buckets_[at.bucket].entries[at.slot].store(entry, std::memory_order_release);
}

void EntryTable::erase(TableHash hash, const Entry* entry) noexcept {
    const Position at = positionOf(hash, entry);
    Bucket& bucket = buckets_[at.bucket];
    bucket.tags.store(bucket.tags.load(std::memory_order_relaxed) & ~(0xffULL << (8 * at.slot)),
                      std::memory_order_release);
    bucket.entries[at.slot].store(nullptr, std::memory_order_release);
    moveOverflow(bucketOf(hash), at.bucket, false);
    --entries_;
}

EntryTable::Position EntryTable::positionOf(TableHash hash, const Entry* entry) const noexcept {
    const std::uint64_t pattern = tagOf(hash) * kEveryByte;
    for (std::size_t at = bucketOf(hash);; at = at + 1 == count_ ? 0 : at + 1) {
        const Bucket& bucket = buckets_[at];
        std::uint64_t match = matches(bucket.tags.load(std::memory_order_relaxed), pattern);
        for (; match != 0; match &= match - 1)
            if (bucket.entries[slotOf(match)].load(std::memory_order_relaxed) == entry)
                return {at, slotOf(match)};
    }
}

void EntryTable::moveOverflow(std::size_t from, std::size_t to, bool up) noexcept {
    for (std::size_t at = from; at != to; at = at + 1 == count_ ? 0 : at + 1) {
        std::atomic<std::uint64_t>& tags = buckets_[at].tags;
        const std::uint64_t now = tags.load(std::memory_order_relaxed);
        if (now >> kOverflowShift == kStuck) continue;
        tags.store(up ? now + kOverflowed : now - kOverflowed, std::memory_order_release);
    }
}

void EntryTable::candidates(TableHash hash, FunctionRef<void(const Entry&)> visitor) const {
    const std::uint64_t pattern = tagOf(hash) * kEveryByte;
    std::size_t at = bucketOf(hash);
    for (std::size_t steps = 0; steps <= count_; ++steps) {
        const std::uint64_t tags = buckets_[at].tags.load(std::memory_order_relaxed);
        for (std::uint64_t match = matches(tags, pattern); match != 0; match &= match - 1) {
            const Entry* entry =
                buckets_[at].entries[slotOf(match)].load(std::memory_order_relaxed);
            if (entry != nullptr) visitor(*entry);
        }
        if (tags >> kOverflowShift == 0) return;
        if (++at == count_) at = 0;
    }
}

void EntryTable::forEach(FunctionRef<void(const Entry&)> visitor) const {
    for (std::size_t at = 0; at < count_; ++at)
        for (const std::atomic<const Entry*>& slot : buckets_[at].entries)
            if (const Entry* entry = slot.load(std::memory_order_acquire)) visitor(*entry);
}

}  // namespace oxcache::memory
