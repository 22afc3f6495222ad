#include "Exchange.h"

#include <algorithm>
#include <random>
#include <thread>
#include <utility>

namespace oxcache::redis {
namespace {

constexpr Duration kLongestPause{200};

/// Half of it for certain, the rest at random: callers that met one refusal do not return as one.
Duration jittered(Duration pause) {
    thread_local std::minstd_rand random{std::random_device()()};
    std::uniform_int_distribution<std::int64_t> some(pause.count() / 2, pause.count());
    return Duration(some(random));
}

}  // namespace

void Exchange::runAll(std::size_t count, SteadyTime until) const {
    Rest left;
    Budget budget;
    {
        RoundPool::Loan round(rounds);
        for (std::size_t item = 0; item < count; ++item) addItem(*round, {item}, until);
        prepare(*round);
        round->run(until);
        settle(*round, budget, until, left);
    }
    if (left.items.empty()) return;
    rest(left, budget, until);
    repeat(std::move(left.items), budget, until);
}

void Exchange::run(const std::vector<std::size_t>& items, SteadyTime until) const {
    std::vector<Pending> pending;
    pending.reserve(items.size());
    for (const std::size_t item : items) pending.push_back({item});
    repeat(std::move(pending), Budget{}, until);
}

void Exchange::repeat(std::vector<Pending> items, Budget budget, SteadyTime until) const {
    while (!items.empty()) {
        Rest left;
        RoundPool::Loan round(rounds);
        for (const Pending& pending : items) addItem(*round, pending, until);
        prepare(*round);
        round->run(until);
        settle(*round, budget, until, left);
        items = std::move(left.items);
        if (!items.empty()) rest(left, budget, until);
    }
}

void Exchange::rest(const Rest& left, Budget& budget, SteadyTime until) const {
    if (left.lost) --budget.losses;
    if (left.directed) --budget.directions;
    if (!left.pause) return;
    std::this_thread::sleep_until(
        std::min(until, std::chrono::steady_clock::now() + jittered(budget.pause)));
    budget.pause = std::min(2 * budget.pause, kLongestPause);
}

void Exchange::addItem(Round& round, const Pending& pending, SteadyTime until) const {
    const Key name = key(pending.item);
    std::shared_ptr<Node> node = pending.node;
    if (node == nullptr) {
        auto found = topology.nodeOf(name, until);
        if (!found) return fail(pending.item, found.error());
        node = std::move(*found);
    }
    Round::Part& part = round.partOf(node, name, pending.asking);
    part.items.push_back(pending.item);
    if (part.asking) part.call.writer().command({"ASKING"});
    encode(part, pending.item);
}

void Exchange::prepare(Round& round) const {
    for (std::size_t i = 0; i < round.used(); ++i) {
        Round::Part& part = *round.parts()[i];
        part.call.writes = writes;
        part.call.commands = part.items.size() * (part.asking ? 2 : 1);
        close(part);
    }
}

void Exchange::settle(Round& round, const Budget& budget, SteadyTime until, Rest& left) const {
    for (std::size_t i = 0; i < round.used(); ++i)
        settlePart(*round.parts()[i], budget, until, left);
}

void Exchange::settlePart(Round::Part& part, const Budget& budget, SteadyTime until,
                          Rest& left) const {
    Call& call = part.call;
    const std::size_t each = part.asking ? 2 : 1;
    const std::size_t answered = std::min(call.replies.size() / each, part.items.size());
    for (std::size_t at = 0; at < answered; ++at)
        takeReply(part, part.items[at], call.replies[at * each + each - 1], budget, until, left);
    if (call.replies.size() > part.items.size() * each) {
        const auto others = std::span<const Reply>(call.replies).subspan(part.items.size() * each);
        for (const Reply& reply : others)
            if (reply.isError()) topology.unheard(part.node, reply);
        takeRest(others);
    }
    const bool silent = call.error.code == ErrorCode::Timeout && call.end == Call::End::Refused;
    if (call.end == Call::End::NotSent || call.end == Call::End::Lost || silent)
        topology.troubled(part.node);
    if (answered == part.items.size()) return;
    const bool harmless =
        call.end == Call::End::NotSent || (call.end == Call::End::Lost && !writes);
    for (std::size_t at = answered; at < part.items.size(); ++at) {
        if (!harmless || budget.losses == 0)
            fail(part.items[at], call.error);
        else if (part.asking)
            left.items.push_back({part.items[at], part.node, true});
        else
            left.items.push_back({part.items[at]});
    }
    if (!harmless || budget.losses == 0) return;
    left.lost = true;
    repeated.fetch_add(1, std::memory_order_relaxed);
}

void Exchange::takeReply(const Round::Part& part, std::size_t item, Reply& reply,
                         const Budget& budget, SteadyTime until, Rest& left) const {
    if (!reply.isError()) return take(item, reply);
    Direction direction =
        topology.direct(key(item), part.node, *part.lane, part.call.connection, reply);
    const bool again = direction.kind == Direction::Kind::Again;
    const bool there = direction.kind == Direction::Kind::There;
    // What cannot be sent once more in time is answered with what there is to say.
    const bool late = std::chrono::steady_clock::now() + budget.pause >= until;
    if ((!again && !there) || (again && late) || (there && budget.directions == 0))
        return take(item, reply);
    left.directed = left.directed || there;
    left.pause = left.pause || again;
    left.items.push_back({item, std::move(direction.node), direction.asking});
}

}  // namespace oxcache::redis
