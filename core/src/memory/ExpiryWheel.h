#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "EntryTable.h"
#include "oxcache/base/FunctionRef.h"

namespace oxcache::memory {

/// Which hashes to look at when: four wheels of 64 buckets each, of 64 ms, 4 s, 4.4 min and 4.7 h.
/// A record is the four bytes of an entry's hash. Nothing is taken out when an entry leaves or its
/// deadline moves: a record that comes due is held against what the table holds then. Recording
/// takes constant time, and so does a record's coming due, at most once per wheel. For one thread
/// at a time. (Hierarchical timing wheels: Varghese and Lauck, 1987.)
class ExpiryWheel {
public:
    ExpiryWheel() = default;
    ~ExpiryWheel() { clear(); }
    ExpiryWheel(const ExpiryWheel&) = delete;
    ExpiryWheel& operator=(const ExpiryWheel&) = delete;

    /// The bucket it was put into.
    std::uint8_t record(TableHash hash, std::int64_t dueMs);
    /// True when advance() would have nothing to do.
    bool quiet(std::int64_t nowMs) const noexcept {
        return tickOf(nowMs) <= tick_ && firing_.empty();
    }
    /// Calls `due` with the records of buckets whose time has come, at most `budget` of them; the
    /// rest come next time. `due` may record. True when none is left.
    bool advance(std::int64_t nowMs, std::size_t budget,
                 FunctionRef<void(TableHash, std::uint8_t bucket)> due);
    /// Also offers the bucket of the present 64 ms, whose records may be due or not.
    bool advanceToTheMillisecond(std::int64_t nowMs, std::size_t budget,
                                 FunctionRef<void(TableHash, std::uint8_t bucket)> due);
    void clear() noexcept;
    /// Records held, also those that no longer mean anything.
    std::size_t size() const noexcept { return size_; }

private:
    static constexpr unsigned kLevels = 4;
    static constexpr unsigned kBuckets = 64;

    // 120 bytes, so that it takes 128 of the allocator's.
    struct Page {
        Page* next = nullptr;
        std::uint8_t used = 0;
        std::uint8_t bucket = 0;
        std::array<TableHash, 27> records;
    };

    static std::int64_t tickOf(std::int64_t ms) noexcept { return ms >> 6; }
    static std::int64_t indexOf(std::int64_t tick, unsigned level) noexcept {
        return tick >> (6 * level);
    }
    static std::size_t bucketOf(unsigned level, std::int64_t index) noexcept {
        return level * kBuckets + static_cast<std::size_t>(index) % kBuckets;
    }
    void turn(std::int64_t tick);
    void take(std::size_t bucket);
    bool fire(std::size_t budget, FunctionRef<void(TableHash, std::uint8_t)> due);
    static void drop(Page* pages) noexcept;

    std::array<Page*, kLevels * kBuckets> buckets_{};
    /// The present 64 ms; the buckets of those before have been taken.
    std::int64_t tick_ = 0;
    std::size_t size_ = 0;
    /// Taken and not yet offered.
    std::vector<Page*> firing_;
};

}  // namespace oxcache::memory
