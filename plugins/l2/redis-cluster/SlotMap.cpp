#include "SlotMap.h"

#include <algorithm>
#include <charconv>

#include "../redis-common/ErrorClass.h"

namespace oxcache::redis {
namespace {

// [host, port, id, ...]
std::optional<Endpoint> nodeFrom(const Reply& node, const Endpoint& asked,
                                 const AddressMap& addresses) {
    if (!node.isList() || node.items.size() < 2 || !node.items[1].isInteger()) return std::nullopt;
    const std::int64_t port = node.items[1].integer;
    const std::string& host = node.items[0].text;
    if (port <= 0 || port > 65535 || host == "?") return std::nullopt;
    Endpoint endpoint;
    // Null or empty: the node has not been told its own address.
    endpoint.host = host.empty() ? asked.host : host;
    endpoint.port = static_cast<std::uint16_t>(port);
    return addresses.reachable(endpoint);
}

}  // namespace

Result<SlotMap> SlotMap::parse(const Reply& reply, const Endpoint& asked,
                               const AddressMap& addresses) {
    if (reply.isError()) return errorOf(reply, asked.text());
    const Error strange{ErrorCode::Unavailable,
                        "redis " + asked.text() + ": CLUSTER SLOTS gave something else"};
    if (!reply.isList()) return strange;
    SlotMap map;
    for (const Reply& range : reply.items) {
        if (!range.isList() || range.items.size() < 3 || !range.items[0].isInteger() ||
            !range.items[1].isInteger())
            return strange;
        const std::int64_t from = range.items[0].integer;
        const std::int64_t to = range.items[1].integer;
        if (from < 0 || to < from || to >= std::int64_t{kSlots}) return strange;
        if (const auto master = nodeFrom(range.items[2], asked, addresses))
            map.assign(static_cast<unsigned>(from), static_cast<unsigned>(to), *master);
    }
    return map;
}

void SlotMap::assign(unsigned from, unsigned to, const Endpoint& master) {
    auto found = std::find(masters_.begin(), masters_.end(), master);
    if (found == masters_.end()) found = masters_.insert(masters_.end(), master);
    const auto number = static_cast<std::uint16_t>(found - masters_.begin() + 1);
    for (unsigned slot = from; slot <= to; ++slot) {
        if (owners_[slot] == 0) ++covered_;
        owners_[slot] = number;
    }
}

std::vector<unsigned> SlotMap::movedSince(const SlotMap& before) const {
    std::vector<unsigned> ranges;
    for (unsigned slot = 0; slot < kSlots; ++slot) {
        const unsigned range = slot / kSlotsPerRange;
        if (!ranges.empty() && ranges.back() == range) continue;
        const Endpoint* now = ownerOf(static_cast<Slot>(slot));
        const Endpoint* then = before.ownerOf(static_cast<Slot>(slot));
        const bool same = now == nullptr ? then == nullptr : then != nullptr && *now == *then;
        if (!same) ranges.push_back(range);
    }
    return ranges;
}

std::optional<Redirection> Redirection::parse(BytesView error, const Endpoint& answered) {
    Redirection result;
    result.ask = error.starts_with("ASK ");
    if (!result.ask && !error.starts_with("MOVED ")) return std::nullopt;
    error.remove_prefix(result.ask ? 4 : 6);
    unsigned slot = kSlots;
    const auto parsed = std::from_chars(error.data(), error.data() + error.size(), slot);
    const auto read = static_cast<std::size_t>(parsed.ptr - error.data());
    if (parsed.ec != std::errc() || slot >= kSlots || read >= error.size() || error[read] != ' ')
        return std::nullopt;
    result.slot = static_cast<Slot>(slot);
    const std::string where(error.substr(read + 1, error.find(' ', read + 1) - read - 1));
    auto target = endpointFrom(where);
    if (!target || !hasPort(where) || target->host == "?") return result;
    if (target->host.empty()) target->host = answered.host;
    result.target = *target;
    return result;
}

}  // namespace oxcache::redis
