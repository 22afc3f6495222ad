#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <vector>

#include "Patience.h"
#include "Round.h"
#include "oxcache/base/FunctionRef.h"

namespace oxcache::redis {

/// A batch of items with one command and one reply each, over as many lanes as their keys need, in
/// one round trip. Reads whose connection was lost are sent again, writes only where nothing has
/// left; what a server did not do but says where, or that it will do it later, is sent again in
/// either case. All of it ends by the deadline.
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

    void run(std::vector<std::size_t> items, SteadyTime until) const;
    /// Items 0 to count - 1.
    void runAll(std::size_t count, SteadyTime until) const;

private:
    /// An item that goes out once more, to a node that is known or to the one that nodeOf() names.
    struct Next {
        std::size_t item = 0;
        std::shared_ptr<Node> node{};
        bool asking = false;
    };
    /// What a round leaves to do.
    struct Rest {
        std::vector<Next> items{};
        bool lost = false;
        bool redirected = false;
        bool later = false;
        Error error{};
    };

    void prepare(Round& round) const;
    void settle(Round& round, Rest& rest) const;
    void settlePart(Round::Part& part, Rest& rest) const;
    void addItem(Round& round, const Next& next) const;
    void again(Rest rest, SteadyTime until) const;
    bool mayGoOn(Patience& patience, const Rest& rest, SteadyTime until) const;
};

}  // namespace oxcache::redis
