#pragma once

#include <algorithm>

#include "redis-common/RespParser.h"

namespace oxcache::fuzz {

/// Gives the parser bytes in pieces of at most `step`, as a connection does, and `take` every
/// reply. False when they break the protocol.
template <class Take>
bool eachReply(redis::RespParser& parser, BytesView bytes, std::size_t step, Take take) {
    using Status = redis::RespParser::Status;
    while (!bytes.empty()) {
        BytesView piece = bytes.substr(0, step);
        const std::size_t given = piece.size();
        // A large bulk has a room of its own.
        if (const auto room = parser.room(); !room.empty()) {
            const std::size_t part = std::min(room.size(), given);
            std::copy_n(piece.data(), part, room.data());
            parser.filled(part);
            bytes.remove_prefix(part);
            continue;
        }
        const Status status = parser.feed(piece);
        bytes.remove_prefix(given - piece.size());
        if (status == Status::Ready) take(parser.take());
        if (status == Status::Failed) return false;
    }
    return true;
}

}  // namespace oxcache::fuzz
