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
/// Where an entry is in its table, in words, which is where it stays. Also that of the one that
/// replaces it.
using TableIndex = std::uint32_t;

/// A line of the table: a tag for each of seven slots, how many entries went to later buckets
/// because this one was full, and the slots. An empty slot has tag 0, as other slots may.
struct alignas(64) Bucket {
    static constexpr unsigned kSlots = SlotSet::kSlots;
    static constexpr unsigned kWords = kSlots + 1;
    static constexpr unsigned kOverflowShift = 56;

    std::atomic<const Entry*> entries[kSlots] = {};
    std::atomic<std::uint64_t> tags{0};

    bool overflowed() const noexcept {
        return tags.load(std::memory_order_acquire) >> kOverflowShift != 0;
    }
    static TableIndex indexOf(std::size_t bucket, std::size_t slot) noexcept {
        return static_cast<TableIndex>(bucket * kWords + slot);
    }
};

/// An entry of a table and where it is; null when there is none.
struct Found {
    const Entry* entry = nullptr;
    TableIndex at = 0;

    explicit operator bool() const noexcept { return entry != nullptr; }
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
        return entry != nullptr && EntryLink::hasKey(*entry, key) ? entry : search(hash, key).entry;
    }
    /// The same with where it was found.
    Found locate(TableHash hash, Key key) const noexcept {
        const std::size_t at = bucketOf(hash);
        const SlotSet slots = SlotSet::matching(buckets_[at].tags, hash);
        if (!slots.empty()) [[likely]] {
            const TableIndex index = Bucket::indexOf(at, slots.first());
            const Entry* entry =
                buckets_[at].entries[slots.first()].load(std::memory_order_acquire);
            if (entry != nullptr && EntryLink::hasKey(*entry, key)) [[likely]]
                return {entry, index};
        }
        return search(hash, key);
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
    OXCACHE_INTERNAL Found search(TableHash hash, Key key) const noexcept;

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
    void replace(TableIndex at, const Entry* entry) noexcept {
        slot(at).store(entry, std::memory_order_release);
    }
    void erase(TableHash hash, TableIndex at) noexcept;
    /// All entries that `hash` may name; the visitor may erase the one it is called with.
    void candidates(TableHash hash, FunctionRef<void(const Found&)> visitor) const;
    const Entry* at(TableIndex index) const noexcept {
        return slot(index).load(std::memory_order_relaxed);
    }
    /// From 0 to end(), all places there are; at() is null where nothing is.
    static TableIndex next(TableIndex at) noexcept {
        return at + (at % Bucket::kWords == Bucket::kSlots - 1 ? 2 : 1);
    }
    TableIndex end() const noexcept { return Bucket::indexOf(count_, 0); }
    void forEach(FunctionRef<void(TableIndex, const Entry&)> visitor) const;

    std::size_t entries() const noexcept { return entries_; }
    /// What it takes in memory.
    std::size_t bytes() const noexcept { return count_ * sizeof(Bucket); }
    /// True when another entry should not be added.
    bool full() const noexcept { return entries_ >= limit_; }

private:
    std::atomic<const Entry*>& slot(TableIndex at) const noexcept {
        return buckets_[at / Bucket::kWords].entries[at % Bucket::kWords];
    }
    std::size_t after(std::size_t bucket) const noexcept {
        return bucket + 1 == count_ ? 0 : bucket + 1;
    }
    void moveOverflow(std::size_t from, std::size_t to, bool up) noexcept;

    const std::size_t count_;
    const PageArray<Bucket> buckets_;
    const TableView view_;
    std::size_t entries_ = 0;
    const std::size_t limit_;
};

}  // namespace oxcache::memory
