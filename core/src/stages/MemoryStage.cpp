#include "stages/MemoryStage.h"

namespace oxcache::stages {

MemoryStage::MemoryStage(const ServiceSettings& settings, const memory::MemoryOptions& options,
                         Clock& clock, coherence::EpochTable& epochs)
    : settings_(settings), epochs_(epochs), store_(options, clock) {}

bool MemoryStage::has(Key key, bool& negative) const {
    const memory::Reading found = store_.read(key);
    if (!found) return false;
    negative = found->negative();
    if (fresh(*found)) return true;
    unserved_.add();
    return false;
}

MemoryStage::Look MemoryStage::judge(EntryPtr entry, const ValueType& type) const {
    unserved_.add();
    if (!entry->negative() && !entry->holds(type)) return {State::OtherType, std::move(entry)};
    if (!epochs_.current(entry->epoch())) return {State::Unconfirmed, std::move(entry)};
    if (!fresh(*entry)) return {State::Stale, std::move(entry)};
    return {State::Fresh, std::move(entry)};
}

MemoryStage::Look MemoryStage::look(Key key, const ValueType& type) const {
    EntryPtr entry = store_.acquire(key);
    return entry ? judge(std::move(entry), type) : Look{};
}

std::vector<MemoryStage::Look> MemoryStage::lookMany(std::span<const std::string> keys,
                                                     const ValueType& type) const {
    const std::vector<Key> asked(keys.begin(), keys.end());
    std::vector<Look> looks(keys.size());
    store_.visitMany(asked, [&](std::size_t i, const Entry* entry) {
        if (entry != nullptr) looks[i] = judge(EntryPtr::share(entry), type);
    });
    return looks;
}

MemoryStage::Ticket MemoryStage::ticket(Key key, std::uint64_t counter, bool local) const {
    Ticket ticket;
    ticket.counter = counter;
    ticket.expireGeneration = expireGeneration();
    ticket.guard.seen = coherence::EpochTable::none();
    if (!local) {
        std::string physical = settings_.keyPrefix;
        physical += key;
        ticket.guard.epoch = &epochs_.stamp(coherence::EpochTable::rangeOf(physical));
        ticket.guard.seen = ticket.guard.epoch->load(std::memory_order_acquire);
    }
    return ticket;
}

MemoryStage::Ticket MemoryStage::capture(Key key) const {
    return ticket(key, store_.capture(key), !settings_.usesL2);
}

MemoryStage::Ticket MemoryStage::begin(Key key, bool local) {
    return ticket(key, store_.begin(key), local || !settings_.usesL2);
}

// Idle limits are kept here where L1 is alone; over two levels a short life in L1 makes the key be
// read from L2, which keeps the limit (see l1ShareOfIdle). While messages may be lost, no copy
// outlives the staleness that is allowed.
memory::Residence MemoryStage::residence(const EntryPolicy& policy, Duration life,
                                         bool local) const {
    memory::Residence residence;
    residence.cost = policy.cost;
    if (policy.idle && !local)
        life = std::min(life, l1ShareOfIdle(*policy.idle));
    else
        residence.idle = policy.idle;
    if (!local && !epochs_.covered()) life = std::min(life, settings_.maxStaleness);
    residence.ttl = life;
    return residence;
}

bool MemoryStage::fill(const EntryPtr& entry, const EntryPolicy& policy, Duration life,
                       const Ticket& ticket) {
    return store_.fill(entry, residence(policy, life, ticket.local()), ticket.counter,
                       ticket.guard);
}

bool MemoryStage::settle(Key key, EntryPtr entry, const EntryPolicy& policy, Duration life,
                         const Ticket& ticket) {
    if (!ticket.guard.unchanged()) {
        store_.invalidate(key);
        return false;
    }
    return store_.settle(key, std::move(entry), residence(policy, life, ticket.local()),
                         ticket.counter);
}

bool MemoryStage::put(Key key, EntryPtr entry, const EntryPolicy& policy, Duration life) {
    return store_.put(key, std::move(entry), residence(policy, life, true));
}

}  // namespace oxcache::stages
