#include "pipeline/ReadPath.h"

#include <utility>

namespace oxcache::pipeline {

using detail::ReadAnswer;
using LookState = stages::MemoryStage::State;

ReadPath::ReadPath(const Levels& levels)
    : levels_(levels),
      reads_(levels.clock, levels.settings.maxHold),
      loads_(levels.clock, levels.settings.maxHold) {}

namespace {

/// Calls that skip levels would give others less than they asked for, and the other way round.
bool isExclusive(const ReadCall& call, const stages::ServiceSettings& settings) {
    const stages::EntryPolicy policy = stages::policyOf(call.options, settings, false);
    return policy.readL2 != settings.usesL2 || policy.writeL1 != settings.usesL1 ||
           policy.writeL2 != settings.usesL2 || !policy.useFallback;
}

}  // namespace

bool ReadPath::answerFromMemory(const std::string& key, const ReadCall& call, ReadAnswer& answer) {
    const auto look = levels_.memory.look(key, *call.type);
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
    const bool exclusive = isExclusive(call, levels_.settings);
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (Error error = checkKey(keys[i], levels_.settings)) {
            answers[i].outcome = Outcome::Error;
            answers[i].error = std::move(error);
        } else if (!readL1 || !answerFromMemory(keys[i], call, answers[i])) {
            open.push_back({i, exclusive});
        }
    }
    while (!open.empty()) open = round(keys, call, open, answers);
    for (const ReadAnswer& answer : answers) {
        levels_.counters.request(answer.outcome, answer.level);
    }
    return answers;
}

// One round: lead what nobody leads, settle it, and only then wait for others. What a leader gave
// up, or held too long, or what does not serve this call, goes into the next round.
std::vector<ReadPath::Open> ReadPath::round(std::span<const std::string> keys, const ReadCall& call,
                                            const std::vector<Open>& open,
                                            std::vector<ReadAnswer>& answers) {
    Flights& flights = flightsOf(call);
    auto job = std::make_unique<LoadJob>(levels_, flights, call);
    std::vector<Waiting> waiting;
    for (const Open& each : open) {
        const std::string& key = keys[each.index];
        if (resilience::LoadScope::contains(&flights, key)) {
            answers[each.index].outcome = Outcome::Error;
            answers[each.index].error = {ErrorCode::LoaderFailed,
                                         "the loader of this key asks for the key itself"};
            continue;
        }
        // Captured before anything is asked, so that whatever moves from here on is noticed.
        const auto ticket = levels_.memory.capture(key);
        Flights::Joined joined{};
        if (each.exclusive) {
            joined = {std::make_shared<resilience::Flight<ReadAnswer>>(key, ticket.counter,
                                                                       levels_.clock.steady()),
                      true};
        } else {
            joined = flights.join(key, ticket.counter);
        }
        if (joined.leads) {
            job->add(joined.flight, ticket,
                     call.options.skipL1Read ? stages::MemoryStage::Look{}
                                             : levels_.memory.look(key, *call.type));
        } else {
            levels_.counters.joined.add();
        }
        waiting.push_back({each, joined.flight, joined.leads});
    }
    std::shared_ptr<resilience::LoadThreads::Ticket> ticket;
    Error refused;
    if (!job->empty()) lead(std::move(job), call, ticket, refused);

    std::vector<Open> again;
    for (Waiting& each : waiting) {
        ReadAnswer& answer = answers[each.open.index];
        if (refused && each.led) {
            answer.outcome = Outcome::Error;
            answer.error = refused;
            continue;
        }
        const SteadyTime held = flights.heldUntil(each.flight);
        const SteadyTime until =
            each.led ? call.deadline.time() : std::min(call.deadline.time(), held);
        using Waited = resilience::Flight<ReadAnswer>::Waited;
        const Waited waited = each.flight->wait(levels_.clock, until, answer);
        if (waited == Waited::Answered) {
            if (!accept(call, answer)) {
                answer = {};
                again.push_back({each.open.index, true});
            }
        } else if (call.deadline.passed(levels_.clock)) {
            if (ticket && each.led) ticket->abandon();
            answer = {};
            answer.outcome = Outcome::Error;
            answer.error = {ErrorCode::Timeout, "service '" + levels_.settings.name +
                                                    "': the deadline passed before the load ended"};
        } else {
            again.push_back(each.open);
        }
    }
    return again;
}

// With a deadline the loader runs on a thread of the cache, which may go on after the caller left.
void ReadPath::lead(std::unique_ptr<LoadJob> job, const ReadCall& call,
                    std::shared_ptr<resilience::LoadThreads::Ticket>& ticket, Error& refused) {
    if (!call.hasLoader() || call.deadline.isNever()) {
        job->run(call.deadline);
        return;
    }
    std::shared_ptr<LoadJob> shared = std::move(job);
    ticket = levels_.threads.run([shared] { shared->run(Deadline::never()); });
    if (!ticket)
        refused = {ErrorCode::Overloaded, "service '" + levels_.settings.name +
                                              "': too many loads go on that nobody waits for "
                                              "(load.max_abandoned)"};
}

bool ReadPath::accept(const ReadCall& call, ReadAnswer& answer) const {
    if (answer.entry && !answer.entry->negative() && !answer.entry->holds(*call.type)) return false;
    if (answer.entry && answer.entry->negative() && !call.acceptNegative) return false;
    // A logically expired value is only for those who allow it; one that L2 could not confirm is
    // an answer to everybody.
    if (answer.outcome == Outcome::Stale && !call.allowStale && !answer.degraded) {
        const Error error = std::move(answer.error);
        answer = {};
        answer.error = error;
    } else if (answer.outcome == Outcome::Stale && !call.allowStale && answer.entry->stale()) {
        answer.entry = {};
        answer.outcome = Outcome::Unavailable;
    }
    return true;
}

}  // namespace oxcache::pipeline
