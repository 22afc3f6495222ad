#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <vector>

#include "Round.h"
#include "oxcache/base/FunctionRef.h"

namespace oxcache::redis {

/// A batch of items with one command and one reply each, over as many lanes as their keys need, in
/// one round trip. Reads whose connection was lost are sent again, writes only where nothing has
/// left; what a server has not done but says where it belongs, or that it will do it later, is sent
/// again in either case. All ends by the deadline.
struct Exchange {
    RoundPool& rounds;
    Topology& topology;
    /// Counts the calls that were sent again.
    std::atomic<std::uint64_t>& repeated;
    bool writes = false;

    FunctionRef<Key(std::size_t item)> key;
    /// Appends exactly one command.
    FunctionRef<void(Round::Part& part, std::size_t item)> encode;
    /// May append more commands once all items of a part are there.
    FunctionRef<void(Round::Part& part)> close;
    FunctionRef<void(std::size_t item, Reply& reply)> take;
    /// The replies to what close() appended.
    FunctionRef<void(std::span<const Reply> replies)> takeRest;
    /// No reply will come for the item.
    FunctionRef<void(std::size_t item, const Error& error)> fail;

    void run(const std::vector<std::size_t>& items, SteadyTime until) const;
    /// Items 0 to count - 1.
    void runAll(std::size_t count, SteadyTime until) const;

private:
    /// An item on its way again; `node` where a reply named one.
    struct Pending {
        std::size_t item = 0;
        std::shared_ptr<Node> node{};
        bool asking = false;
    };
    /// What is left after a round.
    struct Rest {
        std::vector<Pending> items{};
        bool lost = false;
        bool directed = false;
        bool pause = false;
    };
    /// How often there may be another round, and after which pause. Pauses end with the deadline.
    struct Budget {
        int losses = 2;
        int directions = 5;
        Duration pause{5};
    };

    void repeat(std::vector<Pending> items, Budget budget, SteadyTime until) const;
    void rest(const Rest& rest, Budget& budget, SteadyTime until) const;
    void prepare(Round& round) const;
    void settle(Round& round, const Budget& budget, SteadyTime until, Rest& rest) const;
    void settlePart(Round::Part& part, const Budget& budget, SteadyTime until, Rest& rest) const;
    void takeReply(const Round::Part& part, std::size_t item, Reply& reply, const Budget& budget,
                   SteadyTime until, Rest& rest) const;
    void addItem(Round& round, const Pending& pending, SteadyTime until) const;
};

}  // namespace oxcache::redis
