#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "../redis-common/AddressMap.h"
#include "../redis-common/Reply.h"
#include "SlotHash.h"
#include "oxcache/base/Result.h"

namespace oxcache::redis {

/// Which master serves which slot, as one node sees it. No I/O. Immutable once made; thread-safe.
class SlotMap {
public:
    /// From a reply to CLUSTER SLOTS; `asked` stands in for a host that is empty, as a node that
    /// does not know its own address sends it. A node whose host is `?` or whose port is 0 cannot
    /// be reached, and its slots count as not served. `addresses` say where the others can be
    /// reached. Errors: Unavailable.
    static Result<SlotMap> parse(const Reply& reply, const Endpoint& asked,
                                 const AddressMap& addresses = {});

    /// Nothing where nobody serves it.
    const Endpoint* ownerOf(Slot slot) const noexcept {
        return owners_[slot] == 0 ? nullptr : &masters_[owners_[slot] - 1U];
    }
    /// The same as an index into masters().
    std::optional<std::size_t> indexOf(Slot slot) const noexcept {
        if (owners_[slot] == 0) return std::nullopt;
        return owners_[slot] - 1U;
    }
    const std::vector<Endpoint>& masters() const noexcept { return masters_; }
    /// Slots that somebody serves.
    unsigned covered() const noexcept { return covered_; }
    /// Whether the servers know sharded Pub/Sub, which they do from 7.0 on.
    bool sharded() const noexcept { return sharded_; }
    void sharded(bool known) noexcept { sharded_ = known; }
    /// The ranges in which a slot has another owner than in `before`.
    std::vector<unsigned> movedSince(const SlotMap& before) const;

private:
    void assign(unsigned from, unsigned to, const Endpoint& master);

    std::vector<Endpoint> masters_;
    /// By slot: one more than the index of the master; 0: nobody.
    std::array<std::uint16_t, kSlots> owners_{};
    unsigned covered_ = 0;
    bool sharded_ = true;
};

/// `MOVED 3999 host:port` or `ASK 3999 host:port`, taken apart.
struct Redirection {
    bool ask = false;
    Slot slot = 0;
    /// Nothing: the reply does not say (`?`, port 0), so the map has to be asked for. An empty host
    /// is the one that answered.
    std::optional<Endpoint> target{};

    /// Nothing where the text is no redirection.
    static std::optional<Redirection> parse(BytesView error, const Endpoint& answered);
};

}  // namespace oxcache::redis
