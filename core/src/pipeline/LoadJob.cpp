#include "pipeline/LoadJob.h"

#include <algorithm>
#include <utility>

namespace oxcache::pipeline {

using stages::RemoteEntry;
using LookState = stages::MemoryStage::State;

LoadJob::LoadJob(const Levels& levels, Flights& flights, ReadCall call)
    : levels_(levels),
      flights_(flights),
      call_(std::move(call)),
      reading_(stages::policyOf(call_.options, levels.settings, false)) {
    tombstone_.ttl = levels.settings.tombstoneTtl;
}

// Whoever waits for a flight that this job did not settle takes over.
LoadJob::~LoadJob() {
    for (const auto& item : items_)
        if (!item->settled) flights_.finish(item->flight, std::nullopt);
}

void LoadJob::add(FlightPtr flight, const stages::MemoryStage::Ticket& ticket,
                  stages::MemoryStage::Look retained) {
    auto item = std::make_unique<Item>();
    item->flight = std::move(flight);
    item->ticket = ticket;
    item->retained = std::move(retained);
    items_.push_back(std::move(item));
}

LoadJob::Open LoadJob::open() {
    Open result;
    for (const auto& item : items_)
        if (!item->settled && !item->fills) result.push_back(item.get());
    return result;
}

std::vector<Key> LoadJob::keysOf(const Open& items) {
    std::vector<Key> keys;
    keys.reserve(items.size());
    for (const Item* item : items) keys.emplace_back(item->flight->key());
    return keys;
}

void LoadJob::settle(Item& item) {
    item.settled = true;
    if (item.mismatched) levels_.counters.typeMismatches.add();
    flights_.finish(item.flight, item.answer);
}

bool LoadJob::read(Deadline deadline) {
    for (const auto& item : items_) {
        if (item->retained.state == LookState::Stale) item->stale = item->retained.entry;
        if (item->retained.state == LookState::OtherType) {
            item->mismatched = true;
            item->answer.error = {ErrorCode::TypeMismatch,
                                  "L1 holds another type at this key than was asked for"};
        }
    }
    if (reading_.readL2) readRemote(deadline);
    const bool loads = call_.hasLoader() || (levels_.fallback != nullptr && reading_.useFallback);
    if (!loads) answerWithoutLoad();
    return !open().empty();
}

void LoadJob::load(Deadline deadline) {
    if (levels_.remote != nullptr && reading_.writeL2) lease(deadline);
    if (levels_.fallback != nullptr && reading_.useFallback) askFallback(deadline);
    if (call_.loader) runLoader();
    if (call_.batchLoader) runBatchLoader();
    fill(deadline);
    answerWithoutLoad();
    if (levels_.settings.distributedLock) releaseLeases(deadline);
}

namespace {

EntryAttributes attributesOf(const EnvelopeHeader& header) {
    EntryAttributes attributes;
    attributes.version = header.version;
    attributes.createdMs = header.createdMs;
    attributes.expiresMs = header.expiresMs;
    attributes.negative = header.kind == EntryKind::Negative;
    return attributes;
}

}  // namespace

void LoadJob::readRemote(Deadline deadline) {
    const Open items = open();
    std::vector<RemoteEntry> entries = levels_.remote->read(keysOf(items), deadline);
    for (std::size_t i = 0; i < items.size(); ++i)
        takeRemote(*items[i], std::move(entries[i]), true);
}

void LoadJob::takeRemote(Item& item, RemoteEntry entry, bool mayAnswer) {
    const bool wasFailed = item.remote.state == RemoteEntry::State::Failed;
    item.remote = std::move(entry);
    if (item.remote.state == RemoteEntry::State::Failed) {
        item.answer.degraded = true;
        if (!wasFailed) item.answer.error = item.remote.error;
        if (mayAnswer) answerDegraded(item);
        return;
    }
    // The same bytes may be read again within one load.
    if (item.remote.undecodable && !std::exchange(item.undecodable, true))
        levels_.counters.undecodable.add();
    // L2 has been asked: a copy of an older epoch is confirmed by what L2 holds, or it is dropped.
    if (item.retained.state == LookState::Unconfirmed) {
        levels_.memory.discard(*item.retained.entry);
        item.retained = {};
    }
    if (mayAnswer) answerFromRemote(item);
}

void LoadJob::answerFromRemote(Item& item) {
    const RemoteEntry& remote = item.remote;
    if (remote.state == RemoteEntry::State::Missing) return;
    if (item.decodedVersion && remote.header.version == item.decodedVersion) return;
    EntryAttributes attributes = attributesOf(remote.header);
    if (attributes.negative && !call_.acceptNegative) return;
    attributes.stale = remote.state == RemoteEntry::State::Stale;
    item.ticket.stamp(attributes);
    item.decodedVersion = remote.header.version;
    Result<EntryPtr> entry = Entry::decoded(item.flight->key(), attributes, *call_.type,
                                            remote.payload(), remote.header.codec);
    if (!entry) {
        item.mismatched = true;
        item.answer.error = {ErrorCode::TypeMismatch, entry.error().message};
        return;
    }
    if (attributes.stale) {
        item.stale = *entry;
        return;
    }
    const std::int64_t now = levels_.time.nowMs();
    item.mismatched = false;
    item.answer.entry = *entry;
    item.answer.outcome = Outcome::Hit;
    item.answer.level = Level::L2;
    item.answer.error = {};
    describe(item.answer, attributes, now);
    if (levels_.settings.promoteOnHit && reading_.writeL1) {
        stages::EntryPolicy policy = reading_;
        if (remote.header.idleMs != 0)
            policy.idle = Duration(remote.header.idleMs);
        else
            policy.idle.reset();
        levels_.memory.fill(*entry, policy, policy.l1Life(attributes.expiresMs, now), item.ticket);
    }
    settle(item);
}

// While L2 cannot be asked, a copy that it should confirm is served, and said to be stale.
void LoadJob::answerDegraded(Item& item) {
    if (item.retained.state != LookState::Unconfirmed) return;
    const EntryPtr& entry = item.retained.entry;
    if (entry->negative() && !call_.acceptNegative) return;
    if (entry->stale()) {
        item.stale = entry;
        return;
    }
    detail::ReadAnswer answer = item.answer;
    describe(answer, entry->attributes(), levels_.time.nowMs());
    const auto& bound = levels_.settings.degradedMaxStaleness;
    if (bound && answer.age > *bound) return;
    answer.entry = entry;
    answer.outcome = Outcome::Stale;
    answer.level = Level::L1;
    item.answer = std::move(answer);
    settle(item);
}

// What is left when nothing below has an answer: a stale value for those who allow it, an outage,
// or a miss.
void LoadJob::answerWithoutLoad() {
    for (Item* item : open()) {
        detail::ReadAnswer& answer = item->answer;
        answer.cutShort = answer.degraded && call_.deadline.passed(levels_.clock);
        if (item->stale) {
            answer.entry = item->stale;
            answer.outcome = Outcome::Stale;
            answer.expired = true;
            answer.level = item->stale.get() == item->retained.entry.get() ? Level::L1 : Level::L2;
            describe(answer, item->stale->attributes(), levels_.time.nowMs());
        } else if (answer.outcome == Outcome::Miss && answer.degraded) {
            answer.outcome =
                answer.error.code == ErrorCode::Closed ? Outcome::Error : Outcome::Unavailable;
        }
        settle(*item);
    }
}

void LoadJob::lease(Deadline deadline) {
    Open items = open();
    std::erase_if(
        items, [](const Item* item) { return item->remote.state == RemoteEntry::State::Failed; });
    if (items.empty()) return;
    const Result<Generations> generations =
        levels_.remote->generations(levels_.remote->bounded(deadline));
    std::vector<RemoteEntry> entries = levels_.remote->lease(keysOf(items), deadline);
    if (generations) generations_ = *generations;
    for (std::size_t i = 0; i < items.size(); ++i)
        takeRemote(*items[i], std::move(entries[i]), reading_.readL2);
    if (levels_.settings.distributedLock && reading_.readL2) awaitOthers(deadline);
}

// Another process is loading: its value is waited for until the lease ends or the time is up; a
// lease that has ended is taken by the next call.
void LoadJob::awaitOthers(Deadline deadline) {
    constexpr Duration kPoll{20};
    const Deadline until = Deadline::in(levels_.clock, levels_.settings.maxHold).earlier(deadline);
    Mutex mutex;
    CondVar never;
    while (true) {
        Open waiting = open();
        std::erase_if(waiting, [](const Item* item) { return !item->remote.othersLease; });
        if (waiting.empty() || until.passed(levels_.clock)) return;
        {
            MutexLock lock(mutex);
            const SteadyTime next = std::min(levels_.clock.steady() + kPoll, until.time());
            while (levels_.clock.waitUntil(never, mutex, next)) {
            }
        }
        std::vector<RemoteEntry> entries = levels_.remote->read(keysOf(waiting), deadline);
        for (std::size_t i = 0; i < waiting.size(); ++i) {
            const bool leased = entries[i].state == RemoteEntry::State::Missing &&
                                entries[i].header.kind == EntryKind::Lease &&
                                entries[i].header.expiresMs > levels_.time.nowMs();
            if (leased) continue;
            if (entries[i].state == RemoteEntry::State::Missing) {
                const Key key[] = {waiting[i]->flight->key()};
                entries[i] = std::move(levels_.remote->lease(key, deadline)[0]);
            }
            takeRemote(*waiting[i], std::move(entries[i]), true);
        }
    }
}

// Others wait for these loads; where nothing came of one, they need not wait until its lease ends.
void LoadJob::releaseLeases(Deadline deadline) {
    for (const auto& item : items_) {
        const RemoteEntry& remote = item->remote;
        if (remote.header.kind == EntryKind::Lease && !remote.othersLease && !item->put)
            levels_.remote->release(item->flight->key(), remote, deadline);
    }
}

// L2 first: only a value that L2 took (or need not take) may be kept in L1, since a refusal means
// that something newer stands there.
void LoadJob::fill(Deadline deadline) {
    std::vector<stages::RemotePut> puts;
    Open putting;
    for (const auto& item : items_) {
        if (!item->fills || item->settled) continue;
        item->answer.error = {};
        if (!goesToRemote(*item)) {
            admit(*item, nullptr);
            continue;
        }
        puts.push_back(putOf(*item));
        putting.push_back(item.get());
    }
    if (puts.empty()) return;
    const std::vector<Result<stages::RemoteStored>> stored = levels_.remote->put(puts, deadline);
    for (std::size_t i = 0; i < putting.size(); ++i) {
        Item& item = *putting[i];
        item.put = true;
        const bool value = item.policy.ttl > Duration::zero();
        if (!stored[i]) {
            item.answer.degraded = true;
            admit(item, nullptr);
        } else {
            item.keeps = stored[i]->outcome == spi::PutOutcome::Stored;
            admit(item, value ? &stored[i]->header : nullptr);
        }
    }
}

// True when L2 is to change: it takes the value, or, for one that is not to be kept, gives up the
// old one. Sets the payload.
bool LoadJob::goesToRemote(Item& item) {
    const bool leased = levels_.remote != nullptr && item.policy.writeL2 &&
                        item.remote.state != RemoteEntry::State::Failed && item.remote.observed;
    if (item.policy.ttl <= Duration::zero()) return leased && item.remote.replaces;
    if (leased && item.value.object() != nullptr && !item.negative) {
        item.codec = levels_.settings.serialization;
        Result<Bytes> bytes = item.value.type().encode(item.value.object(), item.codec);
        if (!bytes) {
            item.answer.error = bytes.error();
            return false;
        }
        item.payload = std::move(*bytes);
    }
    if (Error tooLarge = checkSize(item.payload.size(), levels_.settings)) {
        item.answer.error = std::move(tooLarge);
        item.keeps = false;
        return false;
    }
    return leased;
}

stages::RemotePut LoadJob::putOf(const Item& item) const {
    stages::RemotePut put;
    put.key = item.flight->key();
    put.observed = &item.remote;
    put.generations = generations_;
    if (item.policy.ttl <= Duration::zero()) {
        put.kind = EntryKind::Tombstone;
        put.policy = &tombstone_;
        return put;
    }
    put.kind = item.negative ? EntryKind::Negative : EntryKind::Value;
    put.payload = item.payload;
    put.codec = item.codec;
    put.policy = &item.policy;
    return put;
}

EntryPtr LoadJob::entryOf(Item& item, const EntryAttributes& attributes) const {
    const Key key = item.flight->key();
    if (item.negative) return Entry::ofBytes(key, attributes, {});
    if (item.value.object() != nullptr)
        return Entry::ofObject(key, attributes, item.value.type(), item.value.object());
    if (item.decoded && !item.decoded->isBytes())
        return Entry::ofObject(key, attributes, *item.decoded->type(),
                               const_cast<void*>(item.decoded->object()));
    return Entry::ofBytes(key, attributes, item.payload);
}

// The value goes to its callers in any case.
void LoadJob::admit(Item& item, const EnvelopeHeader* header) {
    const std::int64_t now = levels_.time.nowMs();
    EntryAttributes attributes;
    if (header != nullptr) {
        attributes = attributesOf(*header);
    } else {
        // Where L2 does not say which of two loads is the newer one, the flights do.
        item.keeps = item.keeps && !item.flight->replaced();
        attributes.version = levels_.versions.next();
        attributes.createdMs = now;
        attributes.expiresMs = now + item.policy.ttl.count();
        attributes.negative = item.negative;
    }
    item.ticket.stamp(attributes);
    EntryPtr entry = entryOf(item, attributes);
    bool refused = !item.keeps;
    if (item.keeps && item.policy.writeL1 && !(header != nullptr && levels_.settings.tracking)) {
        const Duration life = item.policy.l1Life(attributes.expiresMs, now);
        const bool kept = levels_.memory.fill(entry, item.policy, life, item.ticket);
        refused = !kept && life > Duration::zero();
    }
    if (refused) levels_.counters.fillsRefused.add();
    item.answer.entry = std::move(entry);
    item.answer.outcome = Outcome::Hit;
    item.answer.level = item.source;
    describe(item.answer, attributes, now);
    settle(item);
}

}  // namespace oxcache::pipeline
