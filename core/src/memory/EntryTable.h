#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "SameBytes.h"
#include "base/PageMemory.h"
#include "oxcache/base/Entry.h"
#include "oxcache/base/Export.h"
#include "oxcache/base/FunctionRef.h"

namespace oxcache::memory {

/// The low half of a key's hash: bucket from its high bits, tag from its low eight.
using TableHash = std::uint32_t;

/// A shard's hash table: 64-byte buckets of seven one-byte tags, an overflow count and seven entry
/// pointers. An entry that finds its bucket full goes to the next one with room, and every full
/// bucket that it passed counts it; so erasing needs no tombstones and a miss stops early.
///
/// One writer at a time; any number of finds, which take no lock. A table never moves an entry, so
/// a find misses no entry that stays.
class OXCACHE_INTERNAL EntryTable {
public:
    explicit EntryTable(std::size_t entries);

    /// Readers: to be called inside a Find. The key's own bucket has it nearly always, and no other
    /// entry with its tag: what remains is done elsewhere, so that this stays short.
    [[gnu::always_inline]] const Entry* find(TableHash hash, Key key) const noexcept {
        const Bucket& bucket = buckets_[bucketOf(hash)];
        const std::uint64_t tags = bucket.tags.load(std::memory_order_acquire);
        const std::uint64_t match = matches(tags, tagOf(hash) * kEveryByte);
        if (match != 0) [[likely]] {
            const Entry* entry = bucket.entries[slotOf(match)].load(std::memory_order_acquire);
            if (entry != nullptr) [[likely]] {
                // Where the value begins on the next line, both are fetched at once.
                __builtin_prefetch(reinterpret_cast<const char*>(entry) + sizeof(Entry) +
                                   key.size());
                if (hasKey(*entry, key)) [[likely]]
                    return entry;
            }
        } else if (tags >> kOverflowShift == 0) {
            return nullptr;
        }
        return search(hash, key);
    }
    void prefetch(TableHash hash) const noexcept { __builtin_prefetch(&buckets_[bucketOf(hash)]); }
    /// The first entry whose tag fits, to be fetched ahead of find().
    const Entry* guess(TableHash hash) const noexcept;

    /// The writer's. `hash` is the entry's; the key must not be in the table.
    void insert(TableHash hash, const Entry* entry) noexcept;
    void replace(TableHash hash, const Entry* old, const Entry* entry) noexcept;
    void erase(TableHash hash, const Entry* entry) noexcept;
    /// All entries that `hash` may name; the visitor may erase the one it is called with.
    void candidates(TableHash hash, FunctionRef<void(const Entry&)> visitor) const;
    void forEach(FunctionRef<void(const Entry&)> visitor) const;

    std::size_t entries() const noexcept { return entries_; }
    /// What it takes in memory.
    std::size_t bytes() const noexcept { return count_ * sizeof(Bucket); }
    /// True when another entry should not be added.
    bool full() const noexcept { return entries_ >= limit_; }

private:
    static constexpr unsigned kSlots = 7;
    static constexpr unsigned kOverflowShift = 56;
    static constexpr std::uint64_t kOverflowed = 1ULL << kOverflowShift;
    static constexpr std::uint64_t kEveryByte = 0x0101'0101'0101'0101;
    static constexpr std::uint64_t kSlotTops = 0x0080'8080'8080'8080;

    struct alignas(64) Bucket {
        std::atomic<std::uint64_t> tags{0};
        std::atomic<const Entry*> entries[kSlots] = {};
    };
    struct Position {
        std::size_t bucket;
        unsigned slot;
    };

    static bool hasKey(const Entry& entry, Key key) noexcept {
        const Key own = entry.key();
        return own.size() == key.size() && sameBytes(own.data(), key.data(), key.size());
    }
    // 0 is an empty slot's.
    static std::uint64_t tagOf(TableHash hash) noexcept {
        const std::uint64_t tag = hash & 0xff;
        return tag + (tag == 0 ? 1 : 0);
    }
    std::size_t bucketOf(TableHash hash) const noexcept {
        return static_cast<std::size_t>((static_cast<std::uint64_t>(hash) * count_) >> 32);
    }
    // The top bits of the slots' bytes that equal the pattern's; a byte above an equal one may be
    // a false match, which the key settles.
    static std::uint64_t matches(std::uint64_t tags, std::uint64_t pattern) noexcept {
        const std::uint64_t apart = tags ^ pattern;
        return (apart - kEveryByte) & ~apart & kSlotTops;
    }
    static unsigned slotOf(std::uint64_t match) noexcept {
        return static_cast<unsigned>(std::countr_zero(match)) / 8;
    }
    const Entry* search(TableHash hash, Key key) const noexcept;
    Position positionOf(TableHash hash, const Entry* entry) const noexcept;
    void moveOverflow(std::size_t from, std::size_t to, bool up) noexcept;

    const std::size_t count_;
    const PageArray<Bucket> buckets_;
    // The writer's, off the line that finds read.
    alignas(64) std::size_t entries_ = 0;
    const std::size_t limit_;
};

}  // namespace oxcache::memory
