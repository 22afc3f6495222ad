#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "SameBytes.h"
#include "TagRegistry.h"
#include "oxcache/base/Entry.h"

namespace oxcache::memory {

/// What an entry that is not plain carries: an idle limit, a cost of its own, tags. Times are
/// milliseconds since the store began. Immutable once linked, but for `idleUntil`.
struct Residency final : EntryExtension {
    static constexpr std::int64_t kNever = INT64_MAX;

    std::int64_t idleMs = 0;
    std::atomic<std::int64_t> idleUntil{kNever};
    bool hasCost = false;
    std::uint64_t cost = 0;
    struct Tag {
        std::shared_ptr<const TagCell> cell;
        std::uint64_t generation;
    };
    std::vector<Tag> tags;

    bool tagsStand() const noexcept {
        return std::all_of(tags.begin(), tags.end(), [](const Tag& tag) {
            return tag.cell->generation.load(std::memory_order_acquire) == tag.generation;
        });
    }
};

/// Which way an entry is linked into a shard. Written under the shard's lock.
struct Place {
    static constexpr std::uint32_t kPositions = 1U << 21;

    /// Modulo kPositions.
    std::uint32_t position = 0;
    bool main = false;
    /// Whether the wheel knows it, and in which bucket.
    bool timed = false;
    std::uint8_t bucket = 0;
};

/// What an entry takes: bytes of memory, and of the bounds.
struct EntrySize {
    std::size_t footprint = 0;
    std::uint64_t weight = 0;
};

/// The store's view of an entry: the part of the header that L1 owns. An entry lives in one store
/// at a time, once.
class EntryLink {
public:
    static constexpr std::int64_t kNoDeadline = (std::int64_t{1} << 40) - 1;
    static constexpr std::uint8_t kMaxMark = 2;

    /// False when the entry is linked already, here or elsewhere.
    static bool claim(const Entry& entry) noexcept {
        std::uint32_t unlinked = 0;
        if (entry.refs_.load(std::memory_order_acquire) == 1) {  // then nobody else can claim it
            if (entry.place_.load(std::memory_order_relaxed) != unlinked) return false;
            entry.place_.store(kLinked, std::memory_order_relaxed);
            return true;
        }
        return entry.place_.compare_exchange_strong(unlinked, kLinked, std::memory_order_acq_rel);
    }
    static void unclaim(const Entry& entry) noexcept {
        entry.place_.store(0, std::memory_order_release);
    }
    static Place place(const Entry& entry) noexcept {
        const std::uint32_t bits = entry.place_.load(std::memory_order_relaxed);
        return {bits % Place::kPositions, (bits & kMain) != 0, (bits & kTimed) != 0,
                static_cast<std::uint8_t>(bits >> 24)};
    }
    static void setPlace(const Entry& entry, const Place& place) noexcept {
        entry.place_.store(place.position | (place.main ? kMain : 0) | (place.timed ? kTimed : 0) |
                               kLinked | static_cast<std::uint32_t>(place.bucket) << 24,
                           std::memory_order_relaxed);
    }

    static bool isMain(const Entry& entry) noexcept {
        return (entry.place_.load(std::memory_order_relaxed) & kMain) != 0;
    }
    static bool isTimed(const Entry& entry) noexcept {
        return (entry.place_.load(std::memory_order_relaxed) & kTimed) != 0;
    }
    /// What follows from having the place of `former`: position and mark, and the wheel's record if
    /// it `keepsRecord`.
    static void inherit(const Entry& entry, const Entry& former, bool keepsRecord) noexcept {
        const std::uint32_t bits = former.place_.load(std::memory_order_relaxed);
        entry.place_.store(keepsRecord ? bits : bits & ~kTimed, std::memory_order_relaxed);
        setMark(entry, mark(former));
    }

    /// The hard one; kNoDeadline when there is none.
    static std::int64_t deadline(const Entry& entry) noexcept { return entry.head().deadline(); }
    static void setDeadline(const Entry& entry, std::int64_t deadline) noexcept {
        if (deadline == EntryLink::deadline(entry)) return;
        entry.deadlineLow_.store(static_cast<std::uint32_t>(deadline), std::memory_order_relaxed);
        entry.deadlineHigh_.store(static_cast<std::uint8_t>(deadline >> 32),
                                  std::memory_order_relaxed);
    }
    /// The earlier of hard deadline and idle limit.
    static std::int64_t dueAt(const Entry& entry) noexcept {
        const Residency* more = residency(entry);
        const std::int64_t hard = deadline(entry);
        return more == nullptr ? hard
                               : std::min(hard, more->idleUntil.load(std::memory_order_relaxed));
    }

    static std::uint8_t mark(const Entry& entry) noexcept {
        return entry.mark_.load(std::memory_order_relaxed);
    }
    static void setMark(const Entry& entry, std::uint8_t mark) noexcept {
        entry.mark_.store(mark, std::memory_order_relaxed);
    }

    static const Residency* residency(const Entry& entry) noexcept {
        const std::atomic<EntryExtension*>* slot = entry.extension();
        return slot == nullptr
                   ? nullptr
                   : static_cast<const Residency*>(slot->load(std::memory_order_acquire));
    }
    static bool hasRoom(const Entry& entry) noexcept { return entry.extension() != nullptr; }
    static EntryPtr withRoom(const Entry& entry) { return Entry::extensible(entry); }
    /// Gives back the former one, which readers may still see.
    static EntryExtension* setResidency(const Entry& entry,
                                        std::unique_ptr<Residency> more) noexcept {
        return entry.extension()->exchange(more.release(), std::memory_order_acq_rel);
    }

    static EntrySize size(const Entry& entry) noexcept {
        const std::size_t footprint = entry.footprint();
        const Residency* more = residency(entry);
        return {footprint, more != nullptr && more->hasCost ? more->cost : footprint};
    }
    static std::uint64_t weight(const Entry& entry) noexcept { return size(entry).weight; }

    static bool expired(const Entry& entry, std::int64_t now) noexcept {
        return dueAt(entry) <= now;
    }
    /// Neither expired nor invalidated by tag.
    static bool alive(const Entry& entry, std::int64_t now) noexcept {
        if (deadline(entry) <= now) return false;
        const Residency* more = residency(entry);
        return more == nullptr ||
               (more->idleUntil.load(std::memory_order_relaxed) > now && more->tagsStand());
    }
    /// An access: it counts, and it moves the idle limit at most once a second. False if it came
    /// too late: the entry is dead. `nowNs` in nanoseconds since the store began, so that nobody
    /// divides.
    static bool touch(const Entry& entry, std::int64_t nowNs) noexcept {
        const Entry::Head head = entry.head();
        if (!inTime(head, nowNs)) return false;
        if (const Residency* more = residency(entry)) {
            const std::int64_t now = nowNs / kMs;
            if (more->idleUntil.load(std::memory_order_relaxed) <= now || !more->tagsStand())
                return false;
            if (more->idleMs != 0) touchIdle(*more, now);
        }
        bump(entry, head);
        return true;
    }
    static bool hasKey(const Entry& entry, Key key) noexcept {
        const Entry::Head head = entry.head();
        if (key.size() <= Entry::kLongestShortKey) [[likely]] {
            if (head.plainWith(key.size(), 0)) [[likely]]
                return hasKeyAfter(entry, 0, key);
            if (head.plainWith(key.size(), Entry::kEpochs))
                return hasKeyAfter(entry, Entry::kEpochs, key);
        }
        const Key own = entry.key();
        return own.size() == key.size() && sameBytes(own.data(), key.data(), key.size());
    }
    /// True when the entry has this key and is alive, which is touched then; what most hits need
    /// comes first.
    template <class NowNs>
    [[gnu::always_inline]] static bool answers(const Entry& entry, Key key, NowNs nowNs) noexcept {
        const Entry::Head head = entry.head();
        const auto answer = [&](bool sameKey) __attribute__((always_inline)) {
            if (!sameKey || !inTime(head, nowNs())) [[unlikely]]
                return false;
            bump(entry, head);
            return true;
        };
        // Where the key begins is foreseen, which computing it would not be.
        const char* const plain = entry.at(Entry::kHeader);
        if (detail::isUpTo32(key.size())) [[likely]] {
            if (head.plainWith(key.size(), 0)) [[likely]]
                return answer(detail::sameUpTo32(plain, key.data(), key.size()));
            if (head.plainWith(key.size(), Entry::kEpochs))
                return answer(detail::sameUpTo32(plain + Entry::kEpochs, key.data(), key.size()));
        } else if (key.size() <= Entry::kLongestShortKey) {
            if (head.plainWith(key.size(), 0))
                return answer(sameBytes(plain, key.data(), key.size()));
            if (head.plainWith(key.size(), Entry::kEpochs))
                return answer(sameBytes(plain + Entry::kEpochs, key.data(), key.size()));
        }
        return hasKey(entry, key) && touch(entry, nowNs());
    }

private:
    static constexpr std::uint32_t kMain = 1U << 21;
    static constexpr std::uint32_t kTimed = 1U << 22;
    static constexpr std::uint32_t kLinked = 1U << 23;
    static constexpr std::int64_t kMs = 1'000'000;

    /// Of a plain entry whose key has the size of `key`, and which has so many bytes of epochs.
    [[gnu::always_inline]] static bool hasKeyAfter(const Entry& entry, std::size_t epochs,
                                                   Key key) noexcept {
        return sameBytes(entry.at(Entry::kHeader + epochs), key.data(), key.size());
    }
    static bool inTime(const Entry::Head& head, std::int64_t nowNs) noexcept {
        return head.deadline() * kMs > nowNs;
    }
    /// Once saturated, a hit writes nothing. Concurrent hits may count as one.
    static void bump(const Entry& entry, const Entry::Head& head) noexcept {
        if (head.mark() < kMaxMark) setMark(entry, static_cast<std::uint8_t>(head.mark() + 1));
    }
    static void touchIdle(const Residency& more, std::int64_t now) noexcept {
        const std::int64_t step = std::min<std::int64_t>(1000, more.idleMs / 16);
        const std::int64_t until = now + more.idleMs;
        auto& stamp = const_cast<Residency&>(more).idleUntil;
        if (until - stamp.load(std::memory_order_relaxed) > step)
            stamp.store(until, std::memory_order_relaxed);
    }
};

}  // namespace oxcache::memory
