#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "coherence/EpochTable.h"
#include "memory/MemoryStore.h"
#include "oxcache/base/Entry.h"
#include "oxcache/base/FunctionRef.h"
#include "reporting/StripedCounter.h"
#include "stages/EntryPolicy.h"
#include "stages/ServiceSettings.h"

namespace oxcache::stages {

/// L1 as the paths use it: the memory store with the trust that its entries deserve. Thread-safe.
class OXCACHE_INTERNAL MemoryStage {
public:
    MemoryStage(const ServiceSettings& settings, const memory::MemoryOptions& options, Clock& clock,
                coherence::EpochTable& epochs);

    /// The fast path: calls `reader` with an entry that may be served as it is and holds `type`.
    /// The reader says whether it takes it.
    enum class Served { Nothing, Value, Negative };
    [[gnu::always_inline]] Served visit(Key key, const ValueType& type,
                                        FunctionRef<bool(const Entry&)> reader) const {
        const memory::Reading found = store_.read(key);
        if (!found) return Served::Nothing;
        const Entry::Traits traits = found->traits();
        if (servable(*found, traits, type) && reader(*found)) [[likely]]
            return traits.negative() ? Served::Negative : Served::Value;
        unserved_.add();
        return Served::Nothing;
    }
    EntryPtr acquire(Key key, const ValueType& type) const {
        EntryPtr entry = store_.acquire(key);
        if (entry && !servable(*entry, entry->traits(), type)) [[unlikely]] {
            unserved_.add();
            return {};
        }
        return entry;
    }

    /// What stands in L1, judged. Fresh: may be served. Stale: logically expired. Unconfirmed: its
    /// epoch has passed, L2 must confirm it. OtherType: an entry of another type.
    enum class State { Missing, Fresh, Stale, Unconfirmed, OtherType };
    struct Look {
        State state = State::Missing;
        EntryPtr entry{};
    };
    Look look(Key key, const ValueType& type) const;
    /// look() for many keys at once, in order: the waits for memory overlap.
    std::vector<Look> lookMany(std::span<const std::string> keys, const ValueType& type) const;
    /// True when an entry of whatever type may be served; `negative` tells of which kind.
    bool has(Key key, bool& negative) const;
    /// Forgets an entry that was found dead.
    void discard(const Entry& entry) { store_.discard(entry); }

    /// What is captured before a value is fetched from below; it goes into the entry's attributes.
    struct Ticket {
        std::uint64_t counter = 0;
        memory::EpochGuard guard{};
        std::uint32_t expireGeneration = 0;

        void stamp(EntryAttributes& attributes) const noexcept {
            attributes.epoch = guard.seen;
            attributes.expireGeneration = expireGeneration;
        }
        /// True for an entry that L2 does not have: lost messages do not concern it.
        bool local() const noexcept { return guard.epoch == nullptr; }
    };
    Ticket capture(Key key) const;
    /// What a value bears that is fresh until expireAll() is called next.
    std::uint32_t expireGeneration() const noexcept {
        return expireGeneration_.load(std::memory_order_acquire);
    }
    /// First step of an own write: drops the old entry and refuses fills that are under way.
    /// `local`: of a value that goes to L1 alone.
    Ticket begin(Key key, bool local);
    /// Admits a value from below, unless it has been overtaken.
    bool fill(const EntryPtr& entry, const EntryPolicy& policy, Duration life,
              const Ticket& ticket);
    /// Last step of an own write: admits the value unless something overtook it.
    bool settle(Key key, EntryPtr entry, const EntryPolicy& policy, Duration life,
                const Ticket& ticket);
    /// An own write where L1 is all there is. False when the entry is larger than L1.
    bool put(Key key, EntryPtr entry, const EntryPolicy& policy, Duration life);
    bool invalidate(Key key, const Version& keep = {}) { return store_.invalidate(key, keep); }
    bool expire(Key key) { return store_.expire(key); }
    void clear() { store_.clear(); }
    /// Makes everything logically stale, in place.
    void expireAll() noexcept { expireGeneration_.fetch_add(1, std::memory_order_acq_rel); }
    void cleanUp() { store_.cleanUp(); }
    memory::MemoryStatistics statistics() const { return store_.statistics(); }
    /// Answers given by visit() and acquire(). The store counts what it finds; only the rare
    /// finding that was not served is counted here, to keep the fast path free of it.
    std::uint64_t served() const noexcept {
        const std::uint64_t unserved = unserved_.value();  // first: its findings are in the hits
        return store_.statistics().hits - unserved;
    }

private:
    Look judge(EntryPtr entry, const ValueType& type) const;
    bool servable(const Entry& entry, Entry::Traits traits, const ValueType& type) const noexcept {
        return fresh(entry, traits) &&
               ((traits.isBytes() && type.isBytes) || traits.negative() || entry.holds(type));
    }
    bool fresh(const Entry& entry) const noexcept { return fresh(entry, entry.traits()); }
    // An entry without epochs depends on no messages.
    bool fresh(const Entry& entry, Entry::Traits traits) const noexcept {
        if (traits.stale()) return false;
        const std::uint32_t generation = expireGeneration();
        if (!traits.hasEpochs()) return generation == 0;
        return entry.expireGeneration() == generation && epochs_.current(entry.epoch());
    }
    Ticket ticket(Key key, std::uint64_t counter, bool local) const;
    memory::Residence residence(const EntryPolicy& policy, Duration life, bool local) const;

    const ServiceSettings& settings_;
    coherence::EpochTable& epochs_;
    std::atomic<std::uint32_t> expireGeneration_{0};
    mutable reporting::StripedCounter unserved_;
    memory::MemoryStore store_;
};

}  // namespace oxcache::stages
