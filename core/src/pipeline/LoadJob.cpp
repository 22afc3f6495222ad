#include "pipeline/LoadJob.h"

#include <algorithm>
#include <exception>
#include <utility>

#include <Poco/Exception.h>

namespace oxcache::pipeline {

using detail::LoadReply;
using stages::RemoteEntry;
using LookState = stages::MemoryStage::State;

LoadJob::LoadJob(const Levels& levels, Flights& flights, ReadCall call)
    : levels_(levels),
      flights_(flights),
      call_(std::move(call)),
      reading_(stages::policyOf(call_.options, levels.settings, false)) {}

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

std::vector<FlightPtr> LoadJob::flights() const {
    std::vector<FlightPtr> result;
    for (const auto& item : items_) result.push_back(item->flight);
    return result;
}

LoadJob::Open LoadJob::open() {
    Open result;
    for (const auto& item : items_)
        if (!item->settled && !item->fills) result.push_back(item.get());
    return result;
}

void LoadJob::settle(Item& item) {
    item.settled = true;
    flights_.finish(item.flight, item.answer);
}

void LoadJob::run(Deadline deadline) {
    for (const auto& item : items_) {
        if (item->retained.state == LookState::Stale) item->stale = item->retained.entry;
        if (item->retained.state == LookState::OtherType) {
            levels_.counters.typeMismatches.add();
            item->answer.error = {ErrorCode::TypeMismatch,
                                  "L1 holds another type at this key than was asked for"};
        }
    }
    if (reading_.readL2) readRemote(deadline);
    if (!call_.hasLoader() && (levels_.fallback == nullptr || !reading_.useFallback)) {
        answerWithoutLoad();
        return;
    }
    if (levels_.remote != nullptr && reading_.writeL2) lease(deadline);
    if (levels_.fallback != nullptr && reading_.useFallback) askFallback(deadline);
    if (call_.loader) runLoader();
    if (call_.batchLoader) runBatchLoader();
    fill(deadline);
    answerWithoutLoad();
    if (levels_.settings.distributedLock) releaseLeases(deadline);
}

namespace {

std::vector<Key> keysOf(const std::vector<FlightPtr>& flights) {
    std::vector<Key> keys;
    keys.reserve(flights.size());
    for (const FlightPtr& flight : flights) keys.emplace_back(flight->key());
    return keys;
}

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
    std::vector<FlightPtr> flights;
    for (const Item* item : items) flights.push_back(item->flight);
    std::vector<RemoteEntry> entries = levels_.remote->read(keysOf(flights), deadline);
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
    // L2 has been asked: a copy of an older epoch is confirmed by what L2 holds, or it is dropped.
    if (item.retained.state == LookState::Unconfirmed) {
        levels_.memory.discard(*item.retained.entry);
        item.retained = {};
    }
    if (mayAnswer) answerFromRemote(item);
}

bool LoadJob::answerFromRemote(Item& item) {
    const RemoteEntry& remote = item.remote;
    if (remote.state == RemoteEntry::State::Missing) return false;
    EntryAttributes attributes = attributesOf(remote.header);
    attributes.stale = remote.state == RemoteEntry::State::Stale;
    item.ticket.stamp(attributes);
    Result<EntryPtr> entry = Entry::decoded(item.flight->key(), attributes, *call_.type,
                                            remote.payload(), remote.header.codec);
    if (!entry) {
        levels_.counters.typeMismatches.add();
        item.answer.error = {ErrorCode::TypeMismatch, entry.error().message};
        return false;
    }
    if (attributes.stale) {
        item.stale = *entry;
        return false;
    }
    if (attributes.negative && !call_.acceptNegative) return false;
    const std::int64_t now = levels_.time.nowMs();
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
    return true;
}

// While L2 cannot be asked, a copy that it should confirm is served, and said to be stale.
bool LoadJob::answerDegraded(Item& item) {
    if (item.retained.state != LookState::Unconfirmed) return false;
    const EntryPtr& entry = item.retained.entry;
    if (entry->negative() && !call_.acceptNegative) return false;
    describe(item.answer, entry->attributes(), levels_.time.nowMs());
    const auto& bound = levels_.settings.degradedMaxStaleness;
    if (bound && item.answer.age > *bound) return false;
    item.answer.entry = entry;
    item.answer.outcome = Outcome::Stale;
    item.answer.level = Level::L1;
    settle(item);
    return true;
}

// What is left when nothing below has an answer: a stale value for those who allow it, an outage,
// or a miss.
void LoadJob::answerWithoutLoad() {
    for (Item* item : open()) {
        detail::ReadAnswer& answer = item->answer;
        if (item->stale) {
            answer.entry = item->stale;
            answer.outcome = Outcome::Stale;
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
    std::vector<FlightPtr> flights;
    for (const Item* item : items) flights.push_back(item->flight);
    std::vector<RemoteEntry> entries = levels_.remote->lease(keysOf(flights), deadline);
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
        std::vector<FlightPtr> flights;
        for (const Item* item : waiting) flights.push_back(item->flight);
        std::vector<RemoteEntry> entries = levels_.remote->read(keysOf(flights), deadline);
        for (std::size_t i = 0; i < waiting.size(); ++i) {
            const bool leased = entries[i].state == RemoteEntry::State::Missing &&
                                entries[i].header.kind == EntryKind::Lease;
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

void LoadJob::askFallback(Deadline deadline) {
    const Open items = open();
    if (items.empty()) return;
    std::vector<FlightPtr> flights;
    for (const Item* item : items) flights.push_back(item->flight);
    std::vector<Result<spi::FallbackReply>> replies =
        levels_.fallback->load(keysOf(flights), deadline);
    for (std::size_t i = 0; i < items.size(); ++i) takeFallback(*items[i], std::move(replies[i]));
}

void LoadJob::takeFallback(Item& item, Result<spi::FallbackReply> reply) {
    if (!reply) {
        levels_.counters.loads.add();
        levels_.counters.loadFailures.add();
        item.answer.degraded = true;
        item.answer.error = std::move(reply).error();
        return;
    }
    if (reply->outcome == spi::FallbackOutcome::NoRoute) return;
    levels_.counters.loads.add();
    item.source = Level::Fallback;
    if (reply->outcome == spi::FallbackOutcome::Absent) {
        if (call_.hasLoader() && !call_.acceptNegative) return;
        item.fills = item.negative = true;
        item.policy = policyFor(call_.options, true);
        return;
    }
    // Decoded once, to be sure that it is such a value before anybody keeps it.
    Result<EntryPtr> decoded =
        Entry::decoded(item.flight->key(), {}, *call_.type, reply->value, reply->codec);
    if (!decoded) {
        levels_.counters.typeMismatches.add();
        item.answer.error = {ErrorCode::TypeMismatch, decoded.error().message};
        return;
    }
    item.fills = true;
    item.payload = std::move(reply->value);
    item.codec = reply->codec;
    item.policy = policyFor(call_.options, false);
}

void LoadJob::runLoader() {
    for (Item* item : open()) {
        detail::LoadCall call{item->flight->key(), item->stale, call_.options};
        const resilience::LoadScope scope(&flights_, item->flight->key());
        levels_.counters.loads.add();
        item->source = Level::Loader;
        try {
            LoadReply reply = call_.loader->load(call);
            takeReply(*item, std::move(reply), call.options);
        } catch (const Poco::Exception& error) {
            loadFailed(*item, ErrorCode::LoaderFailed, error.displayText(),
                       std::current_exception());
        } catch (const std::exception& error) {
            loadFailed(*item, ErrorCode::LoaderFailed, error.what(), std::current_exception());
        } catch (...) {
            loadFailed(*item, ErrorCode::LoaderFailed, "the loader threw",
                       std::current_exception());
        }
    }
}

namespace {

/// Marks several keys as being loaded by this thread.
class ScopeList {
public:
    void add(const void* owner, Key key) {
        scopes_.push_back(std::make_unique<resilience::LoadScope>(owner, key));
    }
    ~ScopeList() {
        while (!scopes_.empty()) scopes_.pop_back();  // in reverse, as they nest
    }

private:
    std::vector<std::unique_ptr<resilience::LoadScope>> scopes_;
};

}  // namespace

void LoadJob::runBatchLoader() {
    const Open items = open();
    if (items.empty()) return;
    std::vector<std::string> keys;
    ScopeList scopes;
    for (Item* item : items) {
        keys.push_back(item->flight->key());
        scopes.add(&flights_, item->flight->key());
        item->source = Level::Loader;
        levels_.counters.loads.add();
    }
    const auto failAll = [&](const std::string& why, const std::exception_ptr& exception) {
        for (Item* item : items) loadFailed(*item, ErrorCode::LoaderFailed, why, exception);
    };
    try {
        std::vector<LoadReply> replies = call_.batchLoader->load(keys);
        if (replies.size() != items.size()) {
            failAll("the batch loader gave " + std::to_string(replies.size()) + " results for " +
                        std::to_string(items.size()) + " keys; it must give one per key, in order",
                    nullptr);
            return;
        }
        for (std::size_t i = 0; i < items.size(); ++i)
            takeReply(*items[i], std::move(replies[i]), call_.options);
    } catch (const Poco::Exception& error) {
        failAll(error.displayText(), std::current_exception());
    } catch (const std::exception& error) {
        failAll(error.what(), std::current_exception());
    } catch (...) {
        failAll("the batch loader threw", std::current_exception());
    }
}

void LoadJob::takeReply(Item& item, LoadReply reply, const EntryOptions& options) {
    using Kind = LoadReply::Kind;
    if (reply.kind == Kind::Failed) {
        loadFailed(item, ErrorCode::LoaderFailed, std::move(reply.why), nullptr);
        return;
    }
    item.negative = reply.kind == Kind::Negative;
    item.policy = policyFor(options, item.negative);
    item.value = std::move(reply.value);
    if (reply.kind == Kind::NotModified && !restoreStale(item)) {
        loadFailed(item, ErrorCode::LoaderFailed,
                   "the loader said notModified(), but no stale value is retained", nullptr);
        return;
    }
    item.fills = true;
}

// The stale value's bytes become the new value's. L1's own entry is encoded for it.
bool LoadJob::restoreStale(Item& item) {
    if (!item.stale) return false;
    item.negative = item.stale->negative();
    if (item.remote.state == RemoteEntry::State::Stale) {
        item.payload = item.remote.payload();
        item.codec = item.remote.header.codec;
        return true;
    }
    if (item.stale->isBytes()) {
        item.payload = item.stale->bytes();
        item.codec = CodecId::Raw;
        return true;
    }
    item.codec = levels_.settings.serialization;
    Result<Bytes> bytes = item.stale->type()->encode(item.stale->object(), item.codec);
    if (!bytes) return false;
    item.payload = std::move(*bytes);
    return true;
}

void LoadJob::loadFailed(Item& item, ErrorCode code, std::string why,
                         std::exception_ptr exception) {
    levels_.counters.loadFailures.add();
    item.fills = false;
    item.answer.outcome = Outcome::Error;
    item.answer.level = Level::None;
    item.answer.error = {code, std::move(why)};
    item.answer.exception = std::move(exception);
    settle(item);
}

stages::EntryPolicy LoadJob::policyFor(const EntryOptions& options, bool negative) const {
    return stages::policyOf(options, levels_.settings, negative);
}

EntryPtr LoadJob::entryOf(Item& item, const EntryAttributes& attributes) {
    const Key key = item.flight->key();
    if (item.negative) return Entry::ofBytes(key, attributes, {});
    if (item.value.object() != nullptr)
        return Entry::ofObject(key, attributes, item.value.type(), item.value.object());
    if (item.source == Level::Loader && item.payload.empty())
        return Entry::ofBytes(key, attributes, item.value.bytes());
    Result<EntryPtr> entry = Entry::decoded(key, attributes, *call_.type, item.payload, item.codec);
    return entry ? *entry : EntryPtr();
}

// L2 first: only a value that L2 took (or need not take) may be kept in L1, since a refusal means
// that something newer stands there.
void LoadJob::fill(Deadline deadline) {
    Open filling;
    std::vector<stages::RemotePut> puts;
    Open putting;
    for (const auto& item : items_)
        if (item->fills && !item->settled) filling.push_back(item.get());
    for (Item* item : filling) {
        const bool leased = item->remote.observed && levels_.remote != nullptr;
        if (!leased || !item->policy.writeL2 || item->policy.ttl <= Duration::zero() ||
            item->remote.state == RemoteEntry::State::Failed) {
            admit(*item, nullptr, true);
            continue;
        }
        if (item->value.object() != nullptr) {
            item->codec = levels_.settings.serialization;
            Result<Bytes> bytes = item->value.type().encode(item->value.object(), item->codec);
            if (!bytes) {
                item->answer.error = bytes.error();
                admit(*item, nullptr, true);
                continue;
            }
            item->payload = std::move(*bytes);
        } else if (item->source == Level::Loader && item->payload.empty() && !item->negative) {
            item->payload = item->value.bytes();
        }
        if (const Error tooLarge = checkSize(item->payload.size(), levels_.settings)) {
            item->answer.error = tooLarge;
            admit(*item, nullptr, false);
            continue;
        }
        stages::RemotePut put;
        put.key = item->flight->key();
        put.kind = item->negative ? EntryKind::Negative : EntryKind::Value;
        put.payload = item->payload;
        put.codec = item->codec;
        put.policy = &item->policy;
        put.observed = &item->remote;
        put.generations = generations_;
        puts.push_back(put);
        putting.push_back(item);
    }
    if (puts.empty()) return;
    const std::vector<Result<stages::RemoteStored>> stored = levels_.remote->put(puts, deadline);
    for (std::size_t i = 0; i < putting.size(); ++i) {
        Item& item = *putting[i];
        item.put = true;
        if (!stored[i]) {
            item.answer.degraded = true;
            admit(item, nullptr, true);
        } else {
            admit(item, &stored[i]->header, stored[i]->outcome == spi::PutOutcome::Stored);
        }
    }
}

// The value goes to its callers in any case; `keep` says whether L1 may have it.
void LoadJob::admit(Item& item, const EnvelopeHeader* header, bool keep) {
    const std::int64_t now = levels_.time.nowMs();
    EntryAttributes attributes;
    if (header != nullptr) {
        attributes = attributesOf(*header);
    } else {
        attributes.createdMs = now;
        attributes.expiresMs = now + item.policy.ttl.count();
        attributes.negative = item.negative;
    }
    item.ticket.stamp(attributes);
    EntryPtr entry = entryOf(item, attributes);
    if (keep && entry && item.policy.writeL1 && item.policy.ttl > Duration::zero()) {
        const bool kept = levels_.memory.fill(
            entry, item.policy, item.policy.l1Life(attributes.expiresMs, now), item.ticket);
        if (!kept) levels_.counters.fillsRefused.add();
    } else if (!keep) {
        levels_.counters.fillsRefused.add();
    }
    if (item.negative) levels_.counters.negatives.add();
    item.answer.entry = std::move(entry);
    item.answer.outcome = Outcome::Hit;
    item.answer.level = item.source;
    if (item.answer.error.code != ErrorCode::ValueTooLarge) item.answer.error = {};
    describe(item.answer, attributes, now);
    settle(item);
}

}  // namespace oxcache::pipeline
