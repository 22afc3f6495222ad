#include "stages/RemoteStage.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace oxcache::stages {

using State = RemoteEntry::State;

RemoteStage::RemoteStage(const ServiceSettings& settings, std::unique_ptr<spi::RemoteStore> store,
                         Clock& clock, coherence::StoreClock& time,
                         coherence::VersionSource& versions, reporting::ServiceCounters& counters)
    : settings_(settings),
      store_(std::move(store)),
      clock_(clock),
      time_(time),
      versions_(versions),
      counters_(counters),
      markers_(*store_, settings.keyPrefix, versions, time) {}

std::vector<std::string> RemoteStage::physical(std::span<const Key> keys) const {
    std::vector<std::string> result;
    result.reserve(keys.size());
    for (const Key key : keys) {
        std::string& name = result.emplace_back(settings_.keyPrefix);
        name += key;
    }
    return result;
}

namespace {

std::vector<Key> viewsOf(const std::vector<std::string>& keys) {
    return {keys.begin(), keys.end()};
}

/// The expire-generation of an entry that was made stale by itself: no marker ever bears it.
constexpr std::uint64_t kExpired = 0;

bool isFailure(ErrorCode code) noexcept {
    return code != ErrorCode::None && code != ErrorCode::Undecodable;
}

}  // namespace

void RemoteStage::note(const Error& error) {
    if (!isFailure(error.code)) {
        healthy_.store(true, std::memory_order_release);
        return;
    }
    counters_.l2Errors.add();
    MutexLock lock(mutex_);
    trouble_ = error.message;
    healthy_.store(false, std::memory_order_release);
}

std::string RemoteStage::trouble() const {
    MutexLock lock(mutex_);
    return trouble_;
}

std::vector<RemoteEntry> RemoteStage::allFailed(std::size_t count, const Error& error) {
    note(error);
    RemoteEntry failed;
    failed.state = State::Failed;
    failed.error = error;
    return std::vector<RemoteEntry>(count, failed);
}

// A mismatch with the known generations is judged only after the markers were read again, once per
// call: a clear by another process may have been missed, or the entry may carry a lost marker's.
RemoteEntry RemoteStage::judge(Result<Bytes> reply, Generations& generations, bool& reread,
                               Deadline deadline) {
    RemoteEntry entry;
    if (!reply) {
        entry.error = std::move(reply).error();
        if (isFailure(entry.error.code)) {
            entry.state = State::Failed;
            note(entry.error);
        } else {
            entry.undecodable = true;
        }
        return entry;
    }
    if (reply->empty()) return entry;
    entry.bytes = std::move(*reply);
    const Result<Envelope> decoded = decodeEnvelope(entry.bytes);
    if (!decoded) {
        entry.undecodable = true;
        if (const auto header = peekEnvelope(entry.bytes)) entry.observed = header->version;
        entry.error = decoded.error();
        entry.replaces = true;
        return entry;
    }
    entry.header = decoded->header;
    entry.observed = entry.header.version;
    entry.written = entry.header.written;
    if (entry.header.kind == EntryKind::Tombstone || entry.header.kind == EntryKind::Lease)
        return entry;
    entry.replaces = true;
    if (settings_.raw) {
        // What others keep without end is kept here for as long as an own value.
        if (entry.header.expiresMs == 0)
            entry.header.expiresMs = time_.nowMs() + settings_.ttl.count();
        if (entry.header.kind == EntryKind::Value) entry.header.codec = settings_.serialization;
        entry.state = State::Found;
        return entry;
    }
    const bool made = entry.header.generations.expire == kExpired;
    const bool known = entry.header.generations.remove == generations.remove &&
                       (made || entry.header.generations.expire == generations.expire);
    if (!known && !reread) {
        reread = true;
        const Result<Generations> fresh = markers_.reread(deadline);
        if (!fresh) {
            entry.state = State::Failed;
            entry.error = fresh.error();
            note(entry.error);
            return entry;
        }
        generations = *fresh;
    }
    if (entry.header.generations.remove != generations.remove) return entry;
    const bool expired = entry.header.expiresMs != 0 && entry.header.expiresMs <= time_.nowMs();
    const bool cleared = entry.header.generations.expire != generations.expire;
    entry.state = expired || cleared ? State::Stale : State::Found;
    return entry;
}

std::vector<RemoteEntry> RemoteStage::judgeAll(std::vector<Result<Bytes>> replies,
                                               const Result<Generations>& known,
                                               Deadline deadline) {
    Generations generations = *known;
    bool reread = false;
    bool failed = false;
    std::vector<RemoteEntry> entries;
    entries.reserve(replies.size());
    for (Result<Bytes>& reply : replies) {
        entries.push_back(judge(std::move(reply), generations, reread, deadline));
        failed = failed || entries.back().state == State::Failed;
    }
    if (!failed) note({});
    return entries;
}

std::vector<RemoteEntry> RemoteStage::read(std::span<const Key> keys, Deadline deadline) {
    deadline = bounded(deadline);
    const Result<Generations> generations = this->generations(deadline);
    if (!generations) return allFailed(keys.size(), generations.error());
    const std::vector<std::string> names = physical(keys);
    std::vector<RemoteEntry> entries =
        judgeAll(store_->get(viewsOf(names), deadline), generations, deadline);
    touch(names, entries, deadline);
    return entries;
}

std::vector<RemoteEntry> RemoteStage::lease(std::span<const Key> keys, Deadline deadline) {
    deadline = bounded(deadline);
    const Result<Generations> generations = this->generations(deadline);
    if (!generations) return allFailed(keys.size(), generations.error());
    const spi::LeaseRequest request{versions_.next(), time_.nowMs() + settings_.maxHold.count()};
    std::vector<RemoteEntry> entries =
        judgeAll(store_->lease(viewsOf(physical(keys)), request, deadline), generations, deadline);
    for (RemoteEntry& entry : entries) {
        if (entry.header.kind != EntryKind::Lease) continue;
        entry.othersLease = entry.observed != request.version;
    }
    return entries;
}

// An entry with an idle limit is kept by being read. What goes wrong here costs the extension only.
void RemoteStage::touch(std::span<const std::string> keys, const std::vector<RemoteEntry>& entries,
                        Deadline deadline) {
    std::vector<spi::Put> touches;
    for (std::size_t i = 0; i < entries.size(); ++i) {
        const EnvelopeHeader& header = entries[i].header;
        if (entries[i].state != State::Found || header.idleMs == 0) continue;
        spi::Put put;
        put.key = keys[i];
        put.mode = spi::PutMode::Touch;
        put.observed = header.version;
        put.expiresMs =
            std::min(header.expiresMs, time_.nowMs() + l2SpanOfIdle(Duration(header.idleMs)));
        put.publish = false;
        touches.push_back(put);
    }
    if (!touches.empty()) (void)store_->put(touches, deadline);
}

EnvelopeHeader RemoteStage::headerOf(const RemotePut& put) {
    const std::int64_t now = time_.nowMs();
    EnvelopeHeader header;
    header.kind = put.kind;
    header.codec = put.codec;
    header.createdMs = now;
    header.expiresMs = now + put.policy->ttl.count();
    if (put.policy->idle) {
        constexpr std::int64_t kMost = std::numeric_limits<std::uint32_t>::max();
        header.idleMs = static_cast<std::uint32_t>(std::min(put.policy->idle->count(), kMost));
    }
    header.version = versions_.next();
    header.written = put.observed != nullptr ? put.observed->written : header.version;
    header.generations = put.generations;
    return header;
}

std::vector<Result<RemoteStored>> RemoteStage::put(std::span<const RemotePut> puts,
                                                   Deadline deadline) {
    deadline = bounded(deadline);
    std::vector<EnvelopeHeader> headers;
    std::vector<std::string> names;
    std::vector<Bytes> envelopes;
    std::vector<spi::Put> wire;
    headers.reserve(puts.size());
    names.reserve(puts.size());
    envelopes.reserve(puts.size());
    wire.reserve(puts.size());
    for (const RemotePut& each : puts) {
        headers.push_back(headerOf(each));
        names.push_back(settings_.keyPrefix);
        names.back() += each.key;
        envelopes.push_back(encodeEnvelope(headers.back(), each.payload));
        spi::Put put;
        put.key = names.back();
        put.envelope = envelopes.back();
        put.expiresMs =
            each.policy->l2ForgetsAt(headers.back().expiresMs, headers.back().createdMs);
        if (each.observed != nullptr) {
            put.mode = spi::PutMode::FillIfUnchanged;
            put.observed = each.observed->observed;
            put.publish = each.observed->replaces;
        }
        wire.push_back(put);
    }
    const std::vector<Result<spi::PutOutcome>> outcomes = store_->put(wire, deadline);
    std::vector<Result<RemoteStored>> results;
    results.reserve(outcomes.size());
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
        note(outcomes[i] ? Error{} : outcomes[i].error());
        if (outcomes[i])
            results.emplace_back(RemoteStored{*outcomes[i], headers[i]});
        else
            results.emplace_back(outcomes[i].error());
    }
    return results;
}

std::vector<Result<Version>> RemoteStage::remove(std::span<const Key> keys, Deadline deadline) {
    EntryPolicy policy;
    policy.ttl = settings_.tombstoneTtl;
    std::vector<RemotePut> puts;
    puts.reserve(keys.size());
    for (const Key key : keys) {
        RemotePut put;
        put.key = key;
        put.kind = EntryKind::Tombstone;
        put.policy = &policy;
        puts.push_back(put);
    }
    std::vector<Result<Version>> results;
    results.reserve(keys.size());
    for (Result<RemoteStored>& stored : put(puts, deadline)) {
        if (stored)
            results.emplace_back(stored->header.version);
        else
            results.emplace_back(std::move(stored).error());
    }
    return results;
}

// What went wrong here is settled by the lease's own end.
void RemoteStage::release(Key key, const RemoteEntry& lease, Deadline deadline) {
    std::string name = settings_.keyPrefix;
    name += key;
    EnvelopeHeader header = lease.header;
    header.kind = EntryKind::Tombstone;
    header.version = versions_.next();
    const Bytes bytes = encodeEnvelope(header, {});
    spi::Put put;
    put.key = name;
    put.mode = spi::PutMode::FillIfUnchanged;
    put.observed = lease.observed;
    put.envelope = bytes;
    put.expiresMs = time_.nowMs() + settings_.tombstoneTtl.count();
    put.publish = false;
    (void)store_->put({&put, 1}, bounded(deadline));
}

// The stale form replaces exactly what was read; where a write came between, that write is read and
// made stale in turn. An expire is a write: its stamp is `written`.
Result<Version> RemoteStage::expire(Key key, Deadline deadline) {
    deadline = bounded(deadline);
    if (settings_.raw) return std::move(remove({&key, 1}, deadline)[0]);
    std::string name = settings_.keyPrefix;
    name += key;
    while (!deadline.passed(clock_)) {
        RemoteEntry entry = std::move(read({&key, 1}, deadline)[0]);
        if (entry.state == State::Failed) return entry.error;
        if (entry.state == State::Missing) {
            // A lease of a load under way: its fill must be refused.
            std::vector<Result<Version>> removed = remove({&key, 1}, deadline);
            return std::move(removed[0]);
        }
        EnvelopeHeader header = entry.header;
        header.version = versions_.next();
        header.written = header.version;
        // Not by its expiry: that says how long the stale value is kept.
        header.generations.expire = kExpired;
        const Bytes bytes = encodeEnvelope(header, entry.payload());
        spi::Put put;
        put.key = name;
        put.mode = spi::PutMode::FillIfUnchanged;
        put.observed = entry.observed;
        put.envelope = bytes;
        put.expiresMs = header.expiresMs;
        const Result<spi::PutOutcome> outcome = store_->put({&put, 1}, deadline)[0];
        if (!outcome) {
            note(outcome.error());
            return outcome.error();
        }
        if (*outcome == spi::PutOutcome::Stored) return header.version;
    }
    return Error{ErrorCode::Timeout, "expire: others kept writing the key until the deadline"};
}

// Nothing tells a value that was cleared from one that was not, so all go at once.
Result<Version> RemoteStage::clearRaw(Deadline deadline) {
    if (settings_.keyPrefix.empty())
        return Error{ErrorCode::Unavailable,
                     "service '" + settings_.name +
                         "': a clear would delete all keys of the database, since l2.format is raw"
                         " and l2.key_prefix is empty; set a prefix"};
    for (;;) {
        const Result<std::uint64_t> swept = store_->sweep(settings_.keyPrefix, 0, deadline);
        note(swept ? Error{} : swept.error());
        if (!swept) return swept.error();
        if (*swept == 0) return versions_.next();
    }
}

Result<Version> RemoteStage::clear(ClearMode mode, Deadline deadline) {
    if (settings_.raw) return clearRaw(bounded(deadline));
    Result<Version> moved = markers_.move(mode, bounded(deadline));
    note(moved ? Error{} : moved.error());
    if (moved && mode == ClearMode::Remove) sweepDue_.store(true, std::memory_order_release);
    return moved;
}

Result<CommandReply> RemoteStage::command(std::span<const BytesView> arguments, Deadline deadline) {
    spi::CommandPort* const port = store_->commandPort();
    if (port != nullptr) return port->command(arguments, bounded(deadline));
    return Error{ErrorCode::Unavailable, "service '" + settings_.name +
                                             "': L2 is no server that takes commands; use a "
                                             "plugin of Redis"};
}

bool RemoteStage::sweep(Deadline deadline) {
    if (!sweepDue_.exchange(false, std::memory_order_acq_rel)) return false;
    deadline = bounded(deadline);
    const Result<Generations> generations = markers_.reread(deadline);
    if (generations) {
        const Result<std::uint64_t> swept =
            store_->sweep(settings_.keyPrefix, generations->remove, deadline);
        if (swept && *swept == 0) return false;
        if (!swept) note(swept.error());
    }
    sweepDue_.store(true, std::memory_order_release);
    return true;
}

void RemoteStage::probe() {
    const SteadyTime asked = clock_.steady();
    const Result<std::int64_t> answer = store_->time(bounded(Deadline::never()));
    if (answer) time_.learn(*answer, asked);
    note(answer ? Error{} : answer.error());
}

}  // namespace oxcache::stages
