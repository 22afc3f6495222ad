#include "StoreBase.h"

#include <cstdlib>
#include <utility>

#include "ErrorClass.h"

namespace oxcache::redis {

StoreBase::StoreBase(const Settings& settings, std::shared_ptr<Topology> topology,
                     std::shared_ptr<LaneCounters> laneCounters,
                     const spi::ExtensionContext& context)
    : settings_(settings),
      laneCounters_(std::move(laneCounters)),
      topology_(std::move(topology)),
      clock_(context.clock),
      log_(context.log) {}

SteadyTime StoreBase::untilOf(Deadline deadline) const {
    return std::chrono::steady_clock::now() + deadline.left(clock_);
}

Error StoreBase::tooLate() {
    return {ErrorCode::Timeout, "redis: the deadline had passed before the call"};
}

Error StoreBase::unexpected(const Reply& reply) {
    if (reply.isError()) return errorOf(reply, "server");
    return {ErrorCode::Unavailable, "redis: a reply of an unexpected type"};
}

Result<std::int64_t> StoreBase::time(Deadline deadline) {
    if (deadline.passed(clock_)) return tooLate();
    Result<std::int64_t> answer = Error{};
    const auto keyOf = [](std::size_t) { return Key(); };
    const auto encode = [](Round::Part& part, std::size_t) {
        part.call.writer().command({"TIME"});
    };
    const auto take = [&](std::size_t, Reply& reply) {
        if (!reply.isList() || reply.items.size() != 2) {
            answer = unexpected(reply);
            return;
        }
        const auto number = [](const Reply& part) {
            return static_cast<std::int64_t>(std::strtoll(part.text.c_str(), nullptr, 10));
        };
        answer = number(reply.items[0]) * 1000 + number(reply.items[1]) / 1000;
    };
    const auto fail = [&](std::size_t, const Error& error) { answer = error; };
    const auto nothingMore = [](Round::Part&) {};
    const auto noRest = [](std::span<const Reply>) {};
    Exchange{rounds_, *topology_, repeated_, false, keyOf, encode, nothingMore, take, noRest, fail}
        .runAll(1, untilOf(deadline));
    return answer;
}

namespace {

CommandReply neutral(Reply& reply) {
    using Kind = CommandReply::Kind;
    CommandReply result;
    result.integer = reply.integer;
    result.text = std::move(reply.text);
    for (Reply& item : reply.items) result.items.push_back(neutral(item));
    switch (reply.type) {
        case Reply::Type::Null:
            result.kind = Kind::Null;
            break;
        case Reply::Type::Status:
            result.kind = Kind::Status;
            break;
        case Reply::Type::Error:
            result.kind = Kind::Error;
            break;
        case Reply::Type::Integer:
        case Reply::Type::Boolean:
            result.kind = Kind::Integer;
            break;
        case Reply::Type::Double:
        case Reply::Type::BigNumber:
        case Reply::Type::String:
            result.kind = Kind::Text;
            break;
        default:
            result.kind = Kind::List;
    }
    return result;
}

}  // namespace

/// Nobody knows what an application's command does, so it is treated as a write.
Result<CommandReply> StoreBase::command(std::span<const BytesView> arguments, Deadline deadline) {
    if (deadline.passed(clock_)) return tooLate();
    Result<CommandReply> answer = Error{};
    const auto keyOf = [&](std::size_t) { return arguments.size() > 1 ? arguments[1] : Key(); };
    const auto encode = [&](Round::Part& part, std::size_t) {
        CommandWriter writer = part.call.writer();
        writer.begin(arguments.size());
        for (const BytesView argument : arguments) writer.add(argument);
    };
    const auto take = [&](std::size_t, Reply& reply) { answer = neutral(reply); };
    const auto fail = [&](std::size_t, const Error& error) { answer = error; };
    const auto nothingMore = [](Round::Part&) {};
    const auto noRest = [](std::span<const Reply>) {};
    Exchange{rounds_, *topology_, repeated_, true, keyOf, encode, nothingMore, take, noRest, fail}
        .runAll(1, untilOf(deadline));
    return answer;
}

std::vector<std::pair<std::string, std::uint64_t>> StoreBase::counters() const {
    const auto read = [](const std::atomic<std::uint64_t>& counter) {
        return counter.load(std::memory_order_relaxed);
    };
    return {{"connects", read(laneCounters_->connects)},
            {"connections_lost", read(laneCounters_->losses)},
            {"timeouts", read(laneCounters_->timeouts)},
            {"overloads", read(laneCounters_->overloads)},
            {"fences", read(laneCounters_->fences)},
            {"fences_refused", read(laneCounters_->fencesRefused)},
            {"flushes", read(laneCounters_->flushes)},
            {"watches", read(laneCounters_->watches)},
            {"commands", read(laneCounters_->commands)},
            {"repeated", read(repeated_)},
            {"swept", read(swept_)}};
}

}  // namespace oxcache::redis
