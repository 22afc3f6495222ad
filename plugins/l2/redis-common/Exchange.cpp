#include "Exchange.h"

#include <algorithm>
#include <random>
#include <thread>
#include <utility>

#include "ErrorClass.h"

namespace oxcache::redis {
namespace {

double chance() {
    thread_local std::minstd_rand random{std::random_device{}()};
    return std::uniform_real_distribution<double>(0.0, 1.0)(random);
}

}  // namespace

void Exchange::runAll(std::size_t count, SteadyTime until) const {
    Rest rest;
    {
        RoundPool::Loan round(rounds);
        for (std::size_t item = 0; item < count; ++item) addItem(*round, {item});
        prepare(*round);
        round->run(until);
        settle(*round, rest);
    }
    if (!rest.items.empty()) again(std::move(rest), until);
}

void Exchange::run(std::vector<std::size_t> items, SteadyTime until) const {
    if (items.empty()) return;
    Rest rest;
    {
        RoundPool::Loan round(rounds);
        for (const std::size_t item : items) addItem(*round, {item});
        prepare(*round);
        round->run(until);
        settle(*round, rest);
    }
    if (!rest.items.empty()) again(std::move(rest), until);
}

void Exchange::again(Rest rest, SteadyTime until) const {
    Patience patience;
    while (!rest.items.empty()) {
        if (!mayGoOn(patience, rest, until)) {
            for (const Next& next : rest.items) fail(next.item, rest.error);
            return;
        }
        repeated.fetch_add(1, std::memory_order_relaxed);
        RoundPool::Loan round(rounds);
        for (const Next& next : rest.items) addItem(*round, next);
        prepare(*round);
        round->run(until);
        rest = {};
        settle(*round, rest);
    }
}

bool Exchange::mayGoOn(Patience& patience, const Rest& rest, SteadyTime until) const {
    if (std::chrono::steady_clock::now() >= until) return false;
    if (rest.lost && !patience.afterLoss()) return false;
    if (rest.redirected && !patience.afterRedirection()) return false;
    if (!rest.later) return true;
    const auto pause = patience.pause(std::chrono::steady_clock::now(), until, chance());
    if (pause) std::this_thread::sleep_for(*pause);
    return pause.has_value();
}

void Exchange::addItem(Round& round, const Next& next) const {
    Round::Part* part = nullptr;
    if (next.node) {
        part = round.partAt(next.node, key(next.item), next.asking);
    } else {
        const auto found = round.partOf(topology, key(next.item));
        if (!found) return fail(next.item, found.error());
        part = *found;
    }
    part->items.push_back(next.item);
    if (next.asking) part->call.writer().command({"ASKING"});
    encode(*part, next.item);
}

void Exchange::prepare(Round& round) const {
    for (std::size_t i = 0; i < round.used(); ++i) {
        Round::Part& part = *round.parts()[i];
        part.call.writes = writes;
        part.call.commands = part.items.size() * (part.asking ? 2 : 1);
        close(part);
    }
}

void Exchange::settle(Round& round, Rest& rest) const {
    for (std::size_t i = 0; i < round.used(); ++i) settlePart(*round.parts()[i], rest);
}

void Exchange::settlePart(Round::Part& part, Rest& rest) const {
    Call& call = part.call;
    const std::size_t width = part.asking ? 2 : 1;
    const std::size_t answered = std::min(call.replies.size() / width, part.items.size());
    for (std::size_t at = 0; at < answered; ++at) {
        Reply& reply = call.replies[at * width + width - 1];
        Verdict verdict;
        if (reply.isError()) verdict = topology.judge(part.node, *part.lane, call, reply);
        if (verdict.act == Verdict::Act::Take) {
            take(part.items[at], reply);
            continue;
        }
        (verdict.act == Verdict::Act::Later ? rest.later : rest.redirected) = true;
        rest.error = errorOf(reply, part.lane->server());
        rest.items.push_back({part.items[at], std::move(verdict.node), verdict.asking});
    }
    if (call.replies.size() > answered * width && answered == part.items.size())
        takeRest(std::span<const Reply>(call.replies).subspan(answered * width));
    if (!call.replied()) topology.failed(part.node, call);
    if (answered == part.items.size()) return;
    const bool harmless =
        call.end == Call::End::NotSent || (call.end == Call::End::Lost && !writes);
    for (std::size_t at = answered; at < part.items.size(); ++at) {
        if (!harmless) {
            fail(part.items[at], call.error);
            continue;
        }
        rest.lost = true;
        rest.error = call.error;
        // A redirection is for one attempt; ASK holds until the map says otherwise.
        rest.items.push_back({part.items[at], part.asking ? part.node : nullptr, part.asking});
    }
}

}  // namespace oxcache::redis
