#include "RawStore.h"

#include <functional>

#include "ErrorClass.h"
#include "oxcache/base/Envelope.h"

namespace oxcache::redis {
namespace {

using spi::PutMode;
using spi::PutOutcome;

/// Equal bytes have equal versions, in this process.
Version versionOf(BytesView value) {
    const std::uint64_t hash = std::hash<BytesView>()(value);
    return {hash >> 20, static_cast<std::uint32_t>(hash & 0xFFFFF), 2};
}

Bytes wrapped(BytesView value, std::int64_t expiresMs) {
    EnvelopeHeader header;
    header.version = header.written = versionOf(value);
    header.expiresMs = std::max<std::int64_t>(expiresMs, 0);
    return encodeEnvelope(header, value);
}

bool isFill(const spi::Put& put) {
    return put.mode == PutMode::FillIfUnchanged || put.mode == PutMode::IfNewer;
}

}  // namespace

RawStore::RawStore(const Settings& settings, std::shared_ptr<Topology> topology,
                   std::shared_ptr<LaneCounters> laneCounters, const spi::ExtensionContext& context)
    : StoreBase(settings, std::move(topology), std::move(laneCounters), context),
      sweeper_(rounds_, topology_, repeated_, swept_, Sweeper::Which::All) {}

std::vector<Result<Bytes>> RawStore::get(std::span<const Key> keys, Deadline deadline) {
    if (deadline.passed(clock_)) return allFailed<Bytes>(keys.size(), tooLate());
    auto answers = allFailed<Bytes>(keys.size(), Error{});
    // Two commands a key, side by side: the value, and when it ends.
    const auto keyOf = [&](std::size_t item) { return keys[item / 2]; };
    const auto encode = [&](Round::Part& part, std::size_t item) {
        part.call.writer().command({item % 2 == 0 ? "GET" : "PEXPIRETIME", keys[item / 2]});
    };
    const auto take = [&](std::size_t item, Reply& reply) {
        Result<Bytes>& answer = answers[item / 2];
        if (item % 2 == 0) {
            if (reply.isNull())
                answer = Bytes();
            else if (reply.isString())
                answer = wrapped(reply.text, 0);
            else
                answer = unexpected(reply);
        } else if (!answer || answer->empty()) {
            return;
        } else if (!reply.isInteger()) {
            answer = unexpected(reply);
        } else if (reply.integer == -2) {
            answer = Bytes();
        } else if (reply.integer > 0) {
            answer = wrapped(BytesView(*answer).substr(envelope::kHeaderSize), reply.integer);
        }
    };
    const auto fail = [&](std::size_t item, const Error& error) { answers[item / 2] = error; };
    const auto nothingMore = [](Round::Part&) {};
    const auto noRest = [](std::span<const Reply>) {};
    Exchange{rounds_, *topology_, repeated_, false, keyOf, encode, nothingMore, take, noRest, fail}
        .runAll(2 * keys.size(), untilOf(deadline));
    return answers;
}

std::vector<Result<Bytes>> RawStore::lease(std::span<const Key> keys,
                                           const spi::LeaseRequest& request, Deadline deadline) {
    EnvelopeHeader header;
    header.kind = EntryKind::Lease;
    header.version = request.version;
    header.createdMs = static_cast<std::int64_t>(request.version.ms);
    header.expiresMs = request.expiresMs;
    auto answers = get(keys, deadline);
    for (Result<Bytes>& answer : answers)
        if (answer && answer->empty()) answer = encodeEnvelope(header, {});
    return answers;
}

std::vector<Result<PutOutcome>> RawStore::put(std::span<const spi::Put> puts, Deadline deadline) {
    if (deadline.passed(clock_)) return allFailed<PutOutcome>(puts.size(), tooLate());
    std::vector<Result<PutOutcome>> outcomes(puts.size(), Result<PutOutcome>(PutOutcome::Refused));
    std::vector<std::size_t> items;
    std::vector<bool> removes(puts.size());
    for (std::size_t item = 0; item < puts.size(); ++item) {
        const spi::Put& put = puts[item];
        const auto header = peekEnvelope(put.envelope);
        const bool value = header && header->kind == EntryKind::Value;
        removes[item] = !value;
        if (put.envelope.size() > settings_.maxValue)
            outcomes[item] = PutOutcome::TooLarge;
        else if (put.mode != PutMode::Touch && (value || put.mode == PutMode::Overwrite))
            items.push_back(item);
    }
    const auto keyOf = [&](std::size_t item) { return puts[item].key; };
    const auto encode = [&](Round::Part& part, std::size_t item) {
        CommandWriter writer = part.call.writer();
        const spi::Put& put = puts[item];
        if (removes[item]) {
            writer.command({"DEL", put.key});
            return;
        }
        writer.begin(isFill(put) ? 6 : 5).add("SET").add(put.key);
        writer.add(put.envelope.substr(envelope::kHeaderSize));
        writer.add("PXAT").add(expiryOf(put.expiresMs));
        if (isFill(put)) writer.add("NX");
    };
    const auto take = [&](std::size_t item, Reply& reply) {
        if (reply.isStatus("OK") || (removes[item] && reply.isInteger()))
            outcomes[item] = PutOutcome::Stored;
        else if (!reply.isNull())
            outcomes[item] = unexpected(reply);
    };
    const auto fail = [&](std::size_t item, const Error& error) { outcomes[item] = error; };
    const auto nothingMore = [](Round::Part&) {};
    const auto noRest = [](std::span<const Reply>) {};
    Exchange{rounds_, *topology_, repeated_, true, keyOf, encode, nothingMore, take, noRest, fail}
        .run(items, untilOf(deadline));
    return outcomes;
}

Result<std::uint64_t> RawStore::sweep(Key prefix, std::uint64_t live, Deadline deadline) {
    if (deadline.passed(clock_)) return tooLate();
    return sweeper_.sweep(prefix, live, untilOf(deadline));
}

}  // namespace oxcache::redis
