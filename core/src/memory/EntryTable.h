#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "EntryLink.h"
#include "SlotSet.h"
#include "base/PageMemory.h"
#include "base/Prefetch.h"
#include "oxcache/base/Entry.h"
#include "oxcache/base/Export.h"
#include "oxcache/base/FunctionRef.h"

namespace oxcache::memory {

/// The low half of a key's hash: bucket from its high bits, tag from its low eight.
using TableHash = std::uint32_t;
/// Where an entry is in its table, which is where it stays. Also that of the one that replaces it.
using TableIndex = std::uint32_t;

/// A line of the table: a tag for each of seven slots, how many entries went to later buckets
/// because this one was full, and the slots. An empty slot has tag 0, as other slots may.
struct alignas(64) Bucket {
    static constexpr unsigned kSlots = SlotSet::kSlots;
    static constexpr unsigned kOverflowShift = 56;

    std::atomic<const Entry*> entries[kSlots] = {};
    std::atomic<std::uint64_t> tags{0};

    bool overflowed() const noexcept {
        return tags.load(std::memory_order_acquire) >> kOverflowShift != 0;
    }
};

/// What finding takes of a table: where it lies and how long it is. All of it is for readers, who
/// call it inside a Find, and for the writer.
class TableView {
public:
    TableView() = default;
    TableView(const Bucket* buckets, std::size_t count) noexcept
        : buckets_(buckets), count_(count) {}

    /// The entry that the hash names most likely: the key's own bucket has it nearly always, and no
    /// other one with its tag. Null when find() has to look further.
    [[gnu::always_inline]] const Entry* guess(TableHash hash) const noexcept {
        const Bucket& bucket = buckets_[bucketOf(hash)];
        const SlotSet slots = SlotSet::matching(bucket.tags, hash);
        return slots.empty() ? nullptr
                             : bucket.entries[slots.first()].load(std::memory_order_acquire);
    }
    const Entry* find(TableHash hash, Key key) const noexcept {
        const Entry* entry = guess(hash);
        return entry != nullptr && EntryLink::hasKey(*entry, key) ? entry : search(hash, key);
    }
    [[gnu::always_inline]] void prefetch(TableHash hash) const noexcept {
        oxcache::prefetch(&buckets_[bucketOf(hash)]);
    }
    [[gnu::always_inline]] void prefetchToWrite(TableHash hash) const noexcept {
        oxcache::prefetchToWrite(&buckets_[bucketOf(hash)]);
    }

    std::size_t bucketOf(TableHash hash) const noexcept {
        return static_cast<std::size_t>((static_cast<std::uint64_t>(hash) * count_) >> 32);
    }
    static std::uint8_t tagOf(TableHash hash) noexcept { return static_cast<std::uint8_t>(hash); }

private:
    OXCACHE_INTERNAL const Entry* search(TableHash hash, Key key) const noexcept;

    const Bucket* buckets_ = nullptr;
    std::uint64_t count_ = 0;
};

/// A shard's hash table. An entry that finds its bucket full goes to the next one with room, and
/// every full bucket that it passed counts it; so erasing needs no tombstones and a miss stops
/// early.
///
/// One writer at a time; any number of finds, which take no lock. A table never moves an entry, so
/// a find misses no entry that stays.
class OXCACHE_INTERNAL EntryTable {
public:
    explicit EntryTable(std::size_t entries);

    /// As long as the table lives.
    TableView view() const noexcept { return view_; }

    /// `hash` is the entry's; the key must not be in the table.
    TableIndex insert(TableHash hash, const Entry* entry) noexcept;
    void replace(TableHash hash, const Entry* old, const Entry* entry) noexcept;
    void erase(TableHash hash, const Entry* entry) noexcept;
    /// All entries that `hash` may name; the visitor may erase the one it is called with.
    void candidates(TableHash hash, FunctionRef<void(const Entry&)> visitor) const;
    const Entry* at(TableIndex index) const noexcept {
        return buckets_[index / Bucket::kSlots].entries[index % Bucket::kSlots].load(
            std::memory_order_relaxed);
    }
    /// All that can be; at() is null where nothing is.
    TableIndex end() const noexcept { return static_cast<TableIndex>(count_ * Bucket::kSlots); }
    void forEach(FunctionRef<void(TableIndex, const Entry&)> visitor) const;

    std::size_t entries() const noexcept { return entries_; }
    /// What it takes in memory.
    std::size_t bytes() const noexcept { return count_ * sizeof(Bucket); }
    /// True when another entry should not be added.
    bool full() const noexcept { return entries_ >= limit_; }

private:
    struct Position {
        std::size_t bucket;
        std::size_t slot;
    };

    std::size_t after(std::size_t bucket) const noexcept {
        return bucket + 1 == count_ ? 0 : bucket + 1;
    }
    Position positionOf(TableHash hash, const Entry* entry) const noexcept;
    void moveOverflow(std::size_t from, std::size_t to, bool up) noexcept;

    const std::size_t count_;
    const PageArray<Bucket> buckets_;
    const TableView view_;
    std::size_t entries_ = 0;
    const std::size_t limit_;
};

}  // namespace oxcache::memory
