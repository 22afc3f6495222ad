#include "RedisStore.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "Announcement.h"
#include "ErrorClass.h"
#include "RawStore.h"
#include "Scripts.h"
#include "oxcache/base/Envelope.h"

namespace oxcache::redis {
namespace {

using spi::PutMode;
using spi::PutOutcome;

constexpr int kLeaseAttempts = 5;
// A message tells of so many keys at most.
constexpr std::size_t kChangesPerMessage = 1000;

BytesView bytesOf(const Version& version, Bytes& into) {
    // As it lies in an envelope.
    EnvelopeHeader header;
    header.version = version;
    into = encodeEnvelope(header, {}).substr(envelope::kVersionOffset, envelope::kStampSize);
    return into;
}

}  // namespace

/// Leases on their way.
struct RedisStore::LeaseRound {
    LeaseRound(std::span<const Key> all, const spi::LeaseRequest& request)
        : keys(all), answers(allFailed<Bytes>(all.size(), Error{})), inherits(all.size()) {
        header.kind = EntryKind::Lease;
        header.createdMs = static_cast<std::int64_t>(request.version.ms);
        header.expiresMs = request.expiresMs;
        header.version = request.version;
        leases.assign(all.size(), encodeEnvelope(header, {}));
    }

    // The checksum covers what is inherited, so the lease is made here and left in a second step,
    // if what it inherits from still stands.
    void inherit(std::size_t item, BytesView head) {
        const auto standing = peekEnvelope(head);
        header.written = standing ? standing->written : Version{};
        leases[item] = encodeEnvelope(header, {});
        inherits[item] = head.substr(envelope::kVersionOffset, envelope::kStampSize);
        again.push_back(item);
    }

    std::span<const Key> keys;
    std::vector<Result<Bytes>> answers;
    EnvelopeHeader header{};
    /// What each key's lease would be, and the version from which it inherits.
    std::vector<Bytes> leases{};
    std::vector<Bytes> inherits;
    Items again{};
    Items unknownScript{};
};

/// A batch of puts on its way, and what is to be done in a second step.
struct RedisStore::PutRound {
    std::span<const spi::Put> puts;
    std::vector<Result<PutOutcome>> outcomes;
    Items unknownScript{};
    Items outOfMemory{};
};

RedisStore::RedisStore(const Settings& settings, std::shared_ptr<Topology> topology,
                       std::shared_ptr<LaneCounters> laneCounters,
                       const spi::ExtensionContext& context)
    : StoreBase(settings, std::move(topology), std::move(laneCounters), context),
      sweeper_(rounds_, topology_, repeated_, swept_),
      beater_(topology_, clock_, settings.beat) {}

RedisStore::~RedisStore() { beater_.stop(); }

std::vector<Result<Bytes>> RedisStore::get(std::span<const Key> keys, Deadline deadline) {
    if (deadline.passed(clock_)) return allFailed<Bytes>(keys.size(), tooLate());
    auto answers = allFailed<Bytes>(keys.size(), Error{});
    const auto keyOf = [&](std::size_t item) { return keys[item]; };
    const auto encode = [&](Round::Part& part, std::size_t item) {
        part.call.writer().command({"GET", keys[item]});
    };
    const auto take = [&](std::size_t item, Reply& reply) {
        if (reply.isString())
            answers[item] = std::move(reply.text);
        else if (reply.isNull())
            answers[item] = Bytes();
        else
            answers[item] = unexpected(reply);
    };
    const auto fail = [&](std::size_t item, const Error& error) { answers[item] = error; };
    const auto nothingMore = [](Round::Part&) {};
    const auto noRest = [](std::span<const Reply>) {};
    Exchange{rounds_, *topology_, repeated_, false, keyOf, encode, nothingMore, take, noRest, fail}
        .runAll(keys.size(), untilOf(deadline));
    return answers;
}

std::vector<Result<Bytes>> RedisStore::lease(std::span<const Key> keys,
                                             const spi::LeaseRequest& request, Deadline deadline) {
    if (deadline.passed(clock_)) return allFailed<Bytes>(keys.size(), tooLate());
    const SteadyTime until = untilOf(deadline);
    LeaseRound round(keys, request);
    Items todo(keys.size());
    std::iota(todo.begin(), todo.end(), std::size_t{0});
    for (int attempt = 0; attempt < kLeaseAttempts && !todo.empty(); ++attempt) {
        leaseOnce(round, todo, false, until);
        if (!round.unknownScript.empty()) {
            scriptsSent_.fetch_add(1, std::memory_order_relaxed);
            leaseOnce(round, std::exchange(round.unknownScript, {}), true, until);
        }
        todo = std::exchange(round.again, {});
    }
    for (const std::size_t item : todo)
        round.answers[item] = Error{ErrorCode::Unavailable,
                                    "redis: the key changes faster than a lease can be left at it"};
    return std::move(round.answers);
}

void RedisStore::leaseOnce(LeaseRound& round, const Items& items, bool whole, SteadyTime until) {
    const auto keyOf = [&](std::size_t item) { return round.keys[item]; };
    const auto encode = [&](Round::Part& part, std::size_t item) {
        CommandWriter writer = part.call.writer();
        leaseScript().begin(writer, whole, round.keys[item], 3).add(round.leases[item]);
        writer.add(expiryOf(round.header.expiresMs)).add(round.inherits[item]);
    };
    const auto take = [&](std::size_t item, Reply& reply) {
        if (reply.isInteger())
            round.answers[item] = round.leases[item];
        else if (reply.isString())
            round.answers[item] = std::move(reply.text);
        else if (reply.isList() && reply.items.size() == 1)
            round.inherit(item, reply.items[0].text);
        else if (classOf(reply) == ErrorClass::UnknownScript)
            round.unknownScript.push_back(item);
        else
            round.answers[item] = unexpected(reply);
    };
    const auto fail = [&](std::size_t item, const Error& error) { round.answers[item] = error; };
    const auto nothingMore = [](Round::Part&) {};
    const auto noRest = [](std::span<const Reply>) {};
    Exchange{rounds_, *topology_, repeated_, true, keyOf, encode, nothingMore, take, noRest, fail}
        .run(items, until);
}

std::vector<Result<PutOutcome>> RedisStore::put(std::span<const spi::Put> puts, Deadline deadline) {
    if (deadline.passed(clock_)) return allFailed<PutOutcome>(puts.size(), tooLate());
    const SteadyTime until = untilOf(deadline);
    PutRound round{puts, allFailed<PutOutcome>(puts.size(), Error{})};
    const auto tooLarge = [&](const spi::Put& each) {
        return each.envelope.size() > settings_.maxValue;
    };
    if (std::none_of(puts.begin(), puts.end(), tooLarge)) {
        putOnce(round, nullptr, false, until);
    } else {
        Items items;
        for (std::size_t item = 0; item < puts.size(); ++item) {
            if (tooLarge(puts[item]))
                round.outcomes[item] = PutOutcome::TooLarge;
            else
                items.push_back(item);
        }
        putOnce(round, &items, false, until);
    }
    if (!round.unknownScript.empty()) {
        scriptsSent_.fetch_add(1, std::memory_order_relaxed);
        const Items again = std::exchange(round.unknownScript, {});
        putOnce(round, &again, true, until);
    }
    if (!round.outOfMemory.empty()) removeOutright(round, round.outOfMemory, until);
    return std::move(round.outcomes);
}

/// `items`: null means all.
void RedisStore::putOnce(PutRound& round, const Items* items, bool whole, SteadyTime until) {
    const auto keyOf = [&](std::size_t item) { return round.puts[item].key; };
    const auto append = [&](Round::Part& part, std::size_t item) {
        encode(part, round.puts[item], whole);
    };
    const auto close = [&](Round::Part& part) { announce(part); };
    const auto take = [&](std::size_t item, Reply& reply) { takePut(round, item, reply); };
    const auto rest = [&](std::span<const Reply> replies) { takePublished(replies); };
    const auto fail = [&](std::size_t item, const Error& error) { round.outcomes[item] = error; };
    const Exchange exchange{rounds_, *topology_, repeated_, true, keyOf,
                            append,  close,      take,      rest, fail};
    if (items == nullptr)
        exchange.runAll(round.puts.size(), until);
    else
        exchange.run(*items, until);
}

void RedisStore::takePublished(std::span<const Reply> replies) {
    for (const Reply& reply : replies) {
        if (!reply.isError()) continue;
        if (unannounced_.fetch_add(1, std::memory_order_relaxed) == 0)
            log_(spi::LogLevel::Warning,
                 "redis refuses to publish, so other processes do not hear of writes: " +
                     reply.text + "; allow the channels oxcache:* to this user");
    }
}

// A tombstone needs memory; where there is none, nothing at all says as much.
void RedisStore::removeOutright(PutRound& round, const Items& items, SteadyTime until) {
    const auto keyOf = [&](std::size_t item) { return round.puts[item].key; };
    const auto append = [&](Round::Part& part, std::size_t item) {
        part.call.writer().command({"DEL", round.puts[item].key});
        const auto header = peekEnvelope(round.puts[item].envelope);
        if (round.puts[item].publish && header)
            part.changes.push_back({round.puts[item].key, header->version});
    };
    const auto close = [&](Round::Part& part) { announce(part); };
    const auto take = [&](std::size_t item, Reply& reply) {
        if (reply.isInteger())
            round.outcomes[item] = PutOutcome::Stored;
        else
            round.outcomes[item] = unexpected(reply);
    };
    const auto noRest = [](std::span<const Reply>) {};
    const auto fail = [&](std::size_t item, const Error& error) { round.outcomes[item] = error; };
    Exchange{rounds_, *topology_, repeated_, true, keyOf, append, close, take, noRest, fail}.run(
        items, until);
}

void RedisStore::encode(Round::Part& part, const spi::Put& put, bool whole) {
    CommandWriter writer = part.call.writer();
    const std::int64_t expiresMs = expiryOf(put.expiresMs);
    const auto header = peekEnvelope(put.envelope);
    Bytes stamp;
    const auto addMessage = [&](const Version& version) {
        const Outlet& outlet = part.node->outlet();
        writer.add(outlet.command).add(outlet.channel);
        if (!put.publish || outlet.channel.empty()) {
            writer.add(BytesView());
            return;
        }
        const spi::KeyChange change{put.key, version};
        if (!outlet.certain) {
            // Told behind the script, with a number, whatever the script answers.
            writer.add(BytesView());
            part.changes.push_back(change);
            return;
        }
        addAnnouncement(writer, Announcement::Kind::Changes, part.lane->stream(), {&change, 1});
    };
    switch (put.mode) {
        case PutMode::Overwrite:
            writer.begin(5).add("SET").add(put.key).add(put.envelope).add("PXAT").add(expiresMs);
            if (put.publish)
                part.changes.push_back({put.key, header ? header->version : Version{}});
            return;
        case PutMode::FillIfUnchanged:
            fillScript().begin(writer, whole, put.key, 6).add(bytesOf(put.observed, stamp));
            writer.add(put.envelope).add(expiresMs);
            return addMessage(header ? header->version : Version{});
        case PutMode::IfNewer:
            newerScript().begin(writer, whole, put.key, 5).add(put.envelope).add(expiresMs);
            return addMessage(header ? header->version : Version{});
        case PutMode::Touch:
            touchScript().begin(writer, whole, put.key, 5).add(bytesOf(put.observed, stamp));
            writer.add(expiresMs);
            return addMessage(put.observed);
    }
}

/// Tells, after all writes and in the same write to the socket, what they changed.
void RedisStore::announce(Round::Part& part) {
    const Outlet& outlet = part.node->outlet();
    if (outlet.channel.empty()) return;
    CommandWriter writer = part.call.writer();
    std::span<const spi::KeyChange> left = part.changes;
    while (!left.empty()) {
        const auto some = left.first(std::min(left.size(), kChangesPerMessage));
        left = left.subspan(some.size());
        writer.begin(3).add(outlet.command).add(outlet.channel);
        part.call.numbers.push_back(
            addAnnouncement(writer, Announcement::Kind::Changes, part.lane->stream(), some));
        ++part.call.commands;
    }
}

void RedisStore::takePut(PutRound& round, std::size_t item, const Reply& reply) {
    const spi::Put& put = round.puts[item];
    const ErrorClass kind = classOf(reply);
    if (reply.isStatus("OK") || (reply.isInteger() && reply.integer == 1)) {
        round.outcomes[item] = PutOutcome::Stored;
    } else if (reply.isInteger()) {
        round.outcomes[item] = PutOutcome::Refused;
    } else if (kind == ErrorClass::UnknownScript) {
        round.unknownScript.push_back(item);
    } else {
        round.outcomes[item] = unexpected(reply);
        const auto header = peekEnvelope(put.envelope);
        if (kind == ErrorClass::OutOfMemory && put.mode == PutMode::Overwrite && header &&
            header->kind == EntryKind::Tombstone)
            round.outOfMemory.push_back(item);
    }
}

Result<std::uint64_t> RedisStore::sweep(Key prefix, std::uint64_t live, Deadline deadline) {
    if (deadline.passed(clock_)) return tooLate();
    return sweeper_.sweep(prefix, live, untilOf(deadline));
}

std::vector<std::pair<std::string, std::uint64_t>> RedisStore::counters() const {
    auto counters = StoreBase::counters();
    counters.emplace_back("scripts_sent", scriptsSent_.load(std::memory_order_relaxed));
    counters.emplace_back("unannounced", unannounced_.load(std::memory_order_relaxed));
    return counters;
}

Outlet outletOf(const spi::ExtensionContext& context, std::int64_t database) {
    Outlet outlet;
    if (context.coherence == "auto" || context.coherence == "pubsub")
        outlet.channel = channelOf(context.keyPrefix, database);
    return outlet;
}

std::unique_ptr<spi::RemoteStore> makeStore(const Settings& settings,
                                            std::shared_ptr<Topology> topology,
                                            std::shared_ptr<LaneCounters> laneCounters,
                                            const spi::ExtensionContext& context) {
    if (context.raw)
        return std::make_unique<RawStore>(settings, std::move(topology), std::move(laneCounters),
                                          context);
    return std::make_unique<RedisStore>(settings, std::move(topology), std::move(laneCounters),
                                        context);
}

}  // namespace oxcache::redis
