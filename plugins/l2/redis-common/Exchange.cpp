#include "Exchange.h"

#include <algorithm>
#include <utility>

namespace oxcache::redis {
namespace {

constexpr int kAttempts = 3;

}  // namespace

void Exchange::runAll(std::size_t count, SteadyTime until) const {
    std::vector<std::size_t> again;
    {
        RoundPool::Loan round(rounds);
        for (std::size_t item = 0; item < count; ++item) addItem(*round, item);
        prepare(*round);
        round->run(until);
        settle(*round, false, again);
    }
    if (!again.empty()) run(std::move(again), until);
}

void Exchange::run(std::vector<std::size_t> items, SteadyTime until) const {
    std::vector<std::size_t> again;
    for (int attempt = 1; !items.empty(); ++attempt) {
        RoundPool::Loan round(rounds);
        for (const std::size_t item : items) addItem(*round, item);
        prepare(*round);
        round->run(until);
        again.clear();
        settle(*round, attempt == kAttempts, again);
        std::swap(items, again);
    }
}

void Exchange::addItem(Round& round, std::size_t item) const {
    const auto part = round.partOf(topology, key(item));
    if (!part) return fail(item, part.error());
    (*part)->items.push_back(item);
    encode(**part, item);
}

void Exchange::prepare(Round& round) const {
    for (std::size_t i = 0; i < round.used(); ++i) {
        Round::Part& part = *round.parts()[i];
        part.call.writes = writes;
        part.call.commands = part.items.size();
        close(part);
    }
}

void Exchange::settle(Round& round, bool last, std::vector<std::size_t>& again) const {
    for (std::size_t i = 0; i < round.used(); ++i) {
        Round::Part& part = *round.parts()[i];
        Call& call = part.call;
        const std::size_t answered = std::min(call.replies.size(), part.items.size());
        for (std::size_t at = 0; at < answered; ++at) take(part.items[at], call.replies[at]);
        if (call.replies.size() > answered)
            takeRest(std::span<const Reply>(call.replies).subspan(answered));
        if (answered == part.items.size()) continue;
        const bool harmless =
            call.end == Call::End::NotSent || (call.end == Call::End::Lost && !writes);
        if (harmless && !last) {
            repeated.fetch_add(1, std::memory_order_relaxed);
            again.insert(again.end(), part.items.begin() + static_cast<std::ptrdiff_t>(answered),
                         part.items.end());
            continue;
        }
        for (std::size_t at = answered; at < part.items.size(); ++at)
            fail(part.items[at], call.error);
    }
}

}  // namespace oxcache::redis
