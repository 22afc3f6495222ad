#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "ReadPath.h"
#include "Reclamation.h"
#include "oxcache/base/Clock.h"
#include "oxcache/base/Entry.h"
#include "oxcache/base/Export.h"
#include "oxcache/base/FunctionRef.h"

namespace oxcache::memory {

/// Why an entry left.
enum class RemovalCause { Size, Expired, Explicit, Replaced, Cleared };

struct MemoryOptions {
    /// Bound of linked entries.
    std::uint64_t maxEntries = 10'000;
    /// Bound of the linked entries' weight; 0: not bounded.
    std::uint64_t maxBytes = 0;
    /// Power of two; 0: chosen from the machine and the capacity.
    unsigned shards = 0;
    /// Of the hash; 0: random, so that nobody can choose keys that collide.
    std::uint64_t seed = 0;
};

/// How long and how heavily an entry may stay.
struct Residence {
    /// From now; 0 or less: not admitted (an old entry of the key is removed). Empty: no limit.
    std::optional<Duration> ttl{};
    /// Since the last access.
    std::optional<Duration> idle{};
    /// Weight against maxBytes; by default the footprint.
    std::optional<std::uint64_t> cost{};
    /// By any of which it can be invalidated.
    std::span<const std::string_view> tags{};

    /// Not at all.
    bool dead() const noexcept {
        return (ttl && ttl->count() <= 0) || (idle && idle->count() <= 0);
    }
    /// It has nothing but a time to live, and weighs its footprint.
    bool plain() const noexcept { return !idle && !cost && tags.empty(); }
};

/// The bus epoch a fill was begun under; the fill is refused when it has moved.
struct EpochGuard {
    const std::atomic<std::uint32_t>* epoch = nullptr;
    std::uint32_t seen = 0;
    bool unchanged() const noexcept {
        return epoch == nullptr || epoch->load(std::memory_order_acquire) == seen;
    }
};

/// What is known of an entry that lives in the store.
struct EntryReport {
    std::uint64_t weight = 0;
    /// How often it was asked for of late; an estimate that fades.
    unsigned frequency = 0;
    /// Until it expires if nobody asks for it; empty: it does not expire.
    std::optional<Duration> expiresIn{};
    /// Since its value was made, if the entry says when.
    std::optional<Duration> age{};
};

/// Counters since construction, and the present size.
struct MemoryStatistics {
    std::uint64_t entries = 0;
    std::uint64_t bytes = 0;
    std::uint64_t hits = 0;
    std::uint64_t misses = 0;
    /// Entries and weight that left, by RemovalCause.
    std::uint64_t removals[5] = {};
    std::uint64_t removedWeight[5] = {};
    /// Values admitted from below, and own writes.
    std::uint64_t fills = 0;
    std::uint64_t writes = 0;
    /// Refused: heavier than the store, or overtaken by an invalidation.
    std::uint64_t tooLarge = 0;
    std::uint64_t overtaken = 0;
};

using RemovalListener = std::function<void(const Entry&, RemovalCause)>;

/// L1: a bounded map from keys to entries in this process's memory. Thread-safe. Never holds more
/// than its bounds at any moment; memory that readers may still see is held beyond them, bounded.
/// Expired entries are never given out. An entry lives in one store at a time. visit(), acquire()
/// and visitMany() take no lock.
///
/// Admission: every key has a 64-bit counter (striped over its hash). Invalidations and clears move
/// it before they erase, own writes when they have linked their value. Whoever brings a value from
/// below captures the counter before asking, and the value is admitted only if it still stands.
class OXCACHE_INTERNAL MemoryStore {
public:
    MemoryStore(const MemoryOptions& options, Clock& clock);
    ~MemoryStore();
    MemoryStore(const MemoryStore&) = delete;
    MemoryStore& operator=(const MemoryStore&) = delete;

    /// The live entry of the key, in place; nothing when there is none.
    [[gnu::always_inline]] Reading read(Key key) const {
        Reading reading = reads_->glance(key);
        if (!reading) [[unlikely]]
            reading = readByAll(key);
        return reading;
    }
    /// Calls `reader` with the live entry of the key, in place; false when there is none. The find
    /// is over then: a reader that takes long keeps its own entry from being freed, nothing else.
    template <class F>
    [[gnu::always_inline]] bool visit(Key key, F&& reader) const {
        const Reading reading = read(key);
        if (reading) [[likely]]
            reader(*reading);
        return static_cast<bool>(reading);
    }
    /// The live entry of the key, counted; empty when there is none.
    EntryPtr acquire(Key key) const;
    /// visit() for many keys at once, in order; `reader` gets null where there is none.
    void visitMany(std::span<const Key> keys,
                   FunctionRef<void(std::size_t, const Entry*)> reader) const;

    /// The key's counter, to be captured before a value is fetched from below.
    std::uint64_t capture(Key key) const noexcept;
    /// Admits a value from below if neither counter nor epoch has moved. Here and below `key` is
    /// the entry's, from wherever the caller has it: an entry that has just been made would have to
    /// get to the cache before its own can be hashed.
    bool fill(Key key, EntryPtr entry, const Residence& residence, std::uint64_t captured,
              const EpochGuard& guard = {});
    /// Moves the counter, erases, and gives the moved counter: the first step of an own write.
    std::uint64_t begin(Key key);
    /// The last step of an own write: admits the value if nothing else has moved the counter since
    /// begin(), else erases; then moves the counter.
    bool settle(Key key, EntryPtr entry, const Residence& residence, std::uint64_t begun);
    /// An own write where L1 is the only level: admits and moves the counter.
    bool put(Key key, EntryPtr entry, const Residence& residence);
    /// The same where only the entry has the key.
    bool fill(EntryPtr entry, const Residence& residence, std::uint64_t captured,
              const EpochGuard& guard = {}) {
        const Key key = entry->key();
        return fill(key, std::move(entry), residence, captured, guard);
    }
    bool settle(EntryPtr entry, const Residence& residence, std::uint64_t begun) {
        const Key key = entry->key();
        return settle(key, std::move(entry), residence, begun);
    }
    bool put(EntryPtr entry, const Residence& residence) {
        const Key key = entry->key();
        return put(key, std::move(entry), residence);
    }
    /// Moves the counter and erases, unless the entry bears exactly `keep`. True when erased.
    bool invalidate(Key key, const Version& keep = {});
    /// Moves the counter and marks the live entry stale, in place. False when there is none.
    bool expire(Key key);
    /// Erases exactly this entry, without moving the counter: for a reader that found it dead.
    bool discard(const Entry& entry);
    /// Refuses fills that are under way, and makes every entry that bears the tag unseen. Constant
    /// time; the entries leave memory by and by.
    void invalidateTag(std::string_view tag);
    /// Refuses fills that are under way, and erases every entry whose key begins so; reads all
    /// keys. Gives the number erased.
    std::size_t invalidatePrefix(Key prefix);
    /// Moves all counters and erases everything. Constant time for everybody but a listener; the
    /// entries leave memory by and by.
    void clear();

    /// Changes the bounds; evicts what no longer fits before it returns.
    void resize(std::uint64_t maxEntries, std::uint64_t maxBytes);
    /// Removes what has expired; bounded work. For tests and idle times.
    void cleanUp();
    /// Calls `reader` with live entries; weakly consistent.
    void forEach(FunctionRef<void(const Entry&)> reader) const;
    /// The live entries that the policy would keep longest, and those it would give up first; reads
    /// all entries.
    std::vector<EntryPtr> hottest(std::size_t count) const;
    std::vector<EntryPtr> coldest(std::size_t count) const;
    /// Does not count as an access.
    std::optional<EntryReport> inspect(Key key) const;
    /// Called after an entry has left, without any lock held. Set before first use.
    void setListener(RemovalListener listener);

    MemoryStatistics statistics() const;

private:
    struct Impl;

    Reading readByAll(Key key) const;

    std::unique_ptr<Impl> impl_;
    const ReadPath* const reads_;
};

}  // namespace oxcache::memory
