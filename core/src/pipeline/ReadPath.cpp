#include "pipeline/ReadPath.h"

#include <utility>

namespace oxcache::pipeline {

using detail::ReadAnswer;
using LookState = stages::MemoryStage::State;

namespace {

/// What a call demands of a flight when another's answer did not serve it: that "not there" is no
/// answer, that a loader is run.
constexpr unsigned kValue = 1;
constexpr unsigned kLoader = 2;

}  // namespace

ReadPath::ReadPath(const Levels& levels)
    : levels_(levels), flights_(levels.clock, levels.settings.maxHold) {}

bool ReadPath::mayLoad(const ReadCall& call) const {
    return call.hasLoader() ||
           (levels_.fallback != nullptr && has(call.options.levels, oxcache::Levels::Fallback));
}

// Calls share a flight only where one answer can serve all of them: the same type, the same levels
// read and filled, the same epoch. What was asked for before a gap may have been judged by what is
// in doubt since.
std::uint64_t ReadPath::kindOf(const ReadCall& call, unsigned demands, std::uint32_t epoch) const {
    const stages::EntryPolicy policy = stages::policyOf(call.options, levels_.settings, false);
    std::uint64_t kind = call.type->type->hash_code() ^ (std::uint64_t{epoch} << 32);
    for (const bool trait : {policy.readL2, policy.writeL1, policy.writeL2, policy.useFallback,
                             mayLoad(call), (demands & kValue) != 0, (demands & kLoader) != 0})
        kind = (kind << 1) | static_cast<std::uint64_t>(trait);
    return kind;
}

bool ReadPath::answerFromMemory(const stages::MemoryStage::Look& look, const ReadCall& call,
                                ReadAnswer& answer) const {
    // A view of L1 alone takes what is there; nobody is to be asked whether it still stands.
    const bool alone = call.options.levels == oxcache::Levels::L1;
    if (look.state != LookState::Fresh && !(alone && look.state == LookState::Unconfirmed))
        return false;
    if (look.entry->negative() && !call.acceptNegative) return false;
    answer.outcome = Outcome::Hit;
    answer.level = Level::L1;
    describe(answer, look.entry->attributes(), levels_.time.nowMs());
    answer.entry = look.entry;
    return true;
}

std::vector<ReadAnswer> ReadPath::read(std::span<const std::string> keys, const ReadCall& call) {
    std::vector<ReadAnswer> answers(keys.size());
    std::vector<Open> open;
    const bool readL1 = stages::policyOf(call.options, levels_.settings, false).readL1;
    std::vector<stages::MemoryStage::Look> looks;
    if (readL1 && keys.size() > 1) looks = levels_.memory.lookMany(keys, *call.type);
    const auto lookAt = [&](std::size_t i) {
        return looks.empty() ? levels_.memory.look(keys[i], *call.type) : std::move(looks[i]);
    };
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (Error error = checkKey(keys[i], levels_.settings)) {
            answers[i].outcome = Outcome::Error;
            answers[i].error = std::move(error);
        } else if (!readL1 || !answerFromMemory(lookAt(i), call, answers[i])) {
            open.push_back({i});
        }
    }
    while (!open.empty()) open = round(keys, call, open, answers);
    for (const ReadAnswer& answer : answers) {
        levels_.counters.request(answer.outcome, answer.level);
        if (answer.entry && answer.entry->negative()) levels_.counters.negatives.add();
    }
    return answers;
}

// One round: lead what nobody leads, settle it, and only then wait for others. What a leader gave
// up, or held too long, or what does not serve this call, goes into the next round.
std::vector<ReadPath::Open> ReadPath::round(std::span<const std::string> keys, const ReadCall& call,
                                            const std::vector<Open>& open,
                                            std::vector<ReadAnswer>& answers) {
    auto job = std::make_unique<LoadJob>(levels_, flights_, call);
    std::vector<Waiting> waiting;
    for (const Open& each : open) {
        const std::string& key = keys[each.index];
        if (mayLoad(call) && resilience::LoadScope::contains(&flights_, key)) {
            answers[each.index].outcome = Outcome::Error;
            answers[each.index].error = {ErrorCode::LoaderFailed,
                                         "the loader of this key asks for the key itself"};
            continue;
        }
        waiting.push_back(join(key, call, each, *job));
    }
    Led led;
    if (!job->empty()) led = lead(std::move(job), call);
    std::vector<Open> again;
    for (Waiting& each : waiting)
        if (!await(each, call, led, answers[each.open.index])) again.push_back(each.open);
    return again;
}

ReadPath::Waiting ReadPath::join(const std::string& key, const ReadCall& call, const Open& open,
                                 LoadJob& job) {
    // Captured before anything is asked, so that whatever moves from here on is noticed.
    const auto ticket = levels_.memory.capture(key);
    const Flights::Joined joined =
        flights_.join(key, kindOf(call, open.demands, ticket.guard.seen), ticket.counter);
    if (!joined.leads) {
        levels_.counters.joined.add();
        return {open, joined.flight, false};
    }
    stages::MemoryStage::Look look;
    if (stages::policyOf(call.options, levels_.settings, false).readL1)
        look = levels_.memory.look(key, *call.type);
    // A flight may have ended, and filled L1, since this call looked there.
    ReadAnswer answer;
    if (answerFromMemory(look, call, answer))
        flights_.finish(joined.flight, std::move(answer));
    else
        job.add(joined.flight, ticket, std::move(look));
    return {open, joined.flight, true};
}

// With a deadline the loader runs on a thread of the cache, which may go on after the caller left;
// but a load within a load stays on its thread, where what it must not wait for is known.
ReadPath::Led ReadPath::lead(std::unique_ptr<LoadJob> job, const ReadCall& call) {
    if (!job->read(call.deadline)) return {};
    if (!call.hasLoader() || call.deadline.isNever() || resilience::LoadScope::inside()) {
        job->load(call.deadline);
        return {};
    }
    if (call.deadline.passed(levels_.clock)) return {};
    Led led;
    std::shared_ptr<LoadJob> shared = std::move(job);
    led.ticket = levels_.threads.run([shared] { shared->load(Deadline::never()); });
    if (!led.ticket)
        led.refused = {ErrorCode::Overloaded, "service '" + levels_.settings.name +
                                                  "': too many loads go on that nobody waits for "
                                                  "(load.max_abandoned)"};
    return led;
}

// False when the key goes into the next round.
bool ReadPath::await(Waiting& waiting, const ReadCall& call, const Led& led, ReadAnswer& answer) {
    using Waited = resilience::Flight<ReadAnswer>::Waited;
    const SteadyTime held = flights_.heldUntil(waiting.flight);
    const SteadyTime until =
        waiting.led ? call.deadline.time() : std::min(call.deadline.time(), held);
    const Waited waited = waiting.flight->wait(levels_.clock, until, answer);
    if (waited == Waited::Answered) return accept(call, waiting, answer);
    answer = {};
    if (waiting.led && led.refused) {
        answer.outcome = Outcome::Error;
        answer.error = led.refused;
        return true;
    }
    if (!call.deadline.passed(levels_.clock)) return false;
    if (waiting.led && led.ticket) led.ticket->abandon();
    answer.outcome = Outcome::Error;
    answer.error = timeout();
    return true;
}

Error ReadPath::timeout() const {
    return {ErrorCode::Timeout,
            "service '" + levels_.settings.name + "': the deadline passed before the load ended"};
}

// False when the flight's answer does not serve this call, which must then ask again.
bool ReadPath::accept(const ReadCall& call, Waiting& waiting, ReadAnswer& answer) const {
    const bool nothing =
        answer.expired || answer.outcome == Outcome::Miss || answer.outcome == Outcome::Unavailable;
    const bool negative = answer.entry && answer.entry->negative();
    bool serves = true;
    if (negative && !call.acceptNegative) {
        waiting.open.demands |= kValue;
        serves = false;
    } else if (!waiting.led && call.hasLoader() && nothing) {
        waiting.open.demands |= kLoader;
        serves = false;
    } else if (!waiting.led && answer.cutShort && !call.deadline.passed(levels_.clock)) {
        serves = false;
    }
    if (!serves) {
        answer = {};
        return false;
    }
    // A logically expired value is only for those who allow it; one that L2 could not confirm is
    // an answer to everybody.
    const bool mistyped = answer.entry && !negative && !answer.entry->holds(*call.type);
    if (mistyped || (answer.expired && !call.allowStale)) {
        ReadAnswer withheld;
        withheld.outcome = answer.degraded ? Outcome::Unavailable : Outcome::Miss;
        withheld.error = std::move(answer.error);
        withheld.degraded = answer.degraded;
        answer = std::move(withheld);
    }
    return true;
}

}  // namespace oxcache::pipeline
