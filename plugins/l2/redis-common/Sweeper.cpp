#include "Sweeper.h"

#include <optional>

#include "ErrorClass.h"
#include "Scripts.h"
#include "oxcache/base/Envelope.h"

namespace oxcache::redis {
namespace {

constexpr BytesView kScanCount = "500";

/// The prefix as a pattern that means nothing but itself, and what follows it.
std::string patternOf(Key prefix) {
    std::string pattern;
    for (const char each : prefix) {
        if (each == '*' || each == '?' || each == '[' || each == ']' || each == '\\')
            pattern += '\\';
        pattern += each;
    }
    return pattern + '*';
}

bool isDead(const std::optional<EnvelopeHeader>& header, std::uint64_t live) {
    return header && (header->kind == EntryKind::Value || header->kind == EntryKind::Negative) &&
           header->generations.remove != live;
}

Error unexpected() {
    return {ErrorCode::Unavailable, "redis: SCAN gave a reply of an unexpected type"};
}

/// How many keys went, and what went wrong.
struct Tally {
    std::uint64_t removed = 0;
    std::optional<Error> failure{};

    void take(const Reply& reply) {
        if (reply.isError())
            failure = errorOf(reply, "sweep");
        else
            removed += static_cast<std::uint64_t>(reply.integer);
    }
    Result<std::uint64_t> result() const {
        if (failure && removed == 0) return *failure;
        return removed;
    }
};

}  // namespace

Sweeper::Sweeper(RoundPool& rounds, std::shared_ptr<Topology> topology,
                 std::atomic<std::uint64_t>& repeated, std::atomic<std::uint64_t>& deleted,
                 Which which)
    : rounds_(rounds),
      topology_(std::move(topology)),
      repeated_(repeated),
      deleted_(deleted),
      which_(which) {}

Result<std::uint64_t> Sweeper::sweep(Key prefix, std::uint64_t live, SteadyTime until) {
    MutexLock lock(mutex_);
    if (!begun_ || prefix != prefix_ || live != live_) begin(prefix, live);
    while (!over_) {
        const auto keys = scan(until);
        if (!keys) {
            // The node may have gone for good: the next call begins with those there are then.
            begun_ = false;
            return keys.error();
        }
        const auto removed = which_ == Which::All ? remove(*keys, until) : removeDead(*keys, until);
        if (!removed) return removed.error();
        deleted_.fetch_add(*removed, std::memory_order_relaxed);
        if (*removed > 0) return *removed;
    }
    begun_ = false;
    return std::uint64_t{0};
}

void Sweeper::begin(Key prefix, std::uint64_t live) {
    prefix_ = prefix;
    pattern_ = patternOf(prefix);
    live_ = live;
    nodes_ = topology_->nodes();
    cursor_ = "0";
    over_ = nodes_.empty();
    begun_ = true;
}

/// One step of the pass: keys under the prefix, not all of which exist for certain.
Result<std::vector<std::string>> Sweeper::scan(SteadyTime until) {
    Call call;
    call.writer().command({"SCAN", cursor_, "MATCH", pattern_, "COUNT", kScanCount});
    call.commands = 1;
    nodes_.back()->lanes().front()->run(call, until);
    if (!call.replied()) return call.error;
    Reply& reply = call.replies.front();
    if (reply.isError()) return errorOf(reply, "SCAN");
    if (!reply.isList() || reply.items.size() != 2 || !reply.items[1].isList()) return unexpected();
    std::vector<std::string> keys;
    for (Reply& item : reply.items[1].items)
        if (item.text.starts_with(prefix_)) keys.push_back(std::move(item.text));
    cursor_ = reply.items[0].text;
    if (cursor_ == "0") {
        nodes_.pop_back();
        over_ = nodes_.empty();
    }
    return keys;
}

Result<std::uint64_t> Sweeper::remove(const std::vector<std::string>& keys, SteadyTime until) {
    Tally tally;
    const auto keyOf = [&](std::size_t item) -> Key { return keys[item]; };
    const auto ask = [&](Round::Part& part, std::size_t item) {
        part.call.writer().command({"UNLINK", keys[item]});
    };
    const auto take = [&](std::size_t, Reply& reply) { tally.take(reply); };
    const auto nothingMore = [](Round::Part&) {};
    const auto noRest = [](std::span<const Reply>) {};
    const auto fail = [&](std::size_t, const Error& error) { tally.failure = error; };
    Exchange{rounds_, *topology_, repeated_, true, keyOf, ask, nothingMore, take, noRest, fail}
        .runAll(keys.size(), until);
    return tally.result();
}

/// The version of each dead entry; nothing where the entry lives, or is none.
Result<std::vector<Bytes>> Sweeper::deadOf(const std::vector<std::string>& keys, SteadyTime until) {
    std::vector<Bytes> versions(keys.size());
    std::optional<Error> failure;
    const std::uint64_t live = live_;
    const auto keyOf = [&](std::size_t item) -> Key { return keys[item]; };
    const auto ask = [&](Round::Part& part, std::size_t item) {
        part.call.writer().command({"GETRANGE", keys[item], "0", "111"});
    };
    const auto take = [&](std::size_t item, Reply& reply) {
        if (reply.isString() && isDead(peekEnvelope(reply.text), live))
            versions[item] = reply.text.substr(envelope::kVersionOffset, envelope::kStampSize);
    };
    const auto nothingMore = [](Round::Part&) {};
    const auto noRest = [](std::span<const Reply>) {};
    const auto fail = [&](std::size_t, const Error& error) { failure = error; };
    Exchange{rounds_, *topology_, repeated_, false, keyOf, ask, nothingMore, take, noRest, fail}
        .runAll(keys.size(), until);
    if (failure) return *failure;
    return versions;
}

Result<std::uint64_t> Sweeper::removeDead(const std::vector<std::string>& keys, SteadyTime until) {
    const auto versions = deadOf(keys, until);
    if (!versions) return versions.error();
    std::vector<std::size_t> dead, unknown;
    for (std::size_t item = 0; item < keys.size(); ++item)
        if (!(*versions)[item].empty()) dead.push_back(item);
    Tally tally;
    const auto keyOf = [&](std::size_t item) -> Key { return keys[item]; };
    const auto take = [&](std::size_t item, Reply& reply) {
        if (classOf(reply) == ErrorClass::UnknownScript)
            unknown.push_back(item);
        else
            tally.take(reply);
    };
    const auto nothingMore = [](Round::Part&) {};
    const auto noRest = [](std::span<const Reply>) {};
    const auto fail = [&](std::size_t, const Error& error) { tally.failure = error; };
    for (const bool whole : {false, true}) {
        const auto ask = [&](Round::Part& part, std::size_t item) {
            CommandWriter writer = part.call.writer();
            deleteScript().begin(writer, whole, keys[item], 1).add((*versions)[item]);
        };
        Exchange{rounds_, *topology_, repeated_, true, keyOf, ask, nothingMore, take, noRest, fail}
            .run(whole ? unknown : dead, until);
    }
    return tally.result();
}

}  // namespace oxcache::redis
