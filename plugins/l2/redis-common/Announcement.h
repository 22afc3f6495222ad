#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "CommandWriter.h"
#include "oxcache/spi/InvalidationBus.h"

namespace oxcache::redis {

/// What processes tell each other by PUBLISH; FORMAT.md is its specification.
struct Announcement {
    enum class Kind : std::uint8_t {
        Changes = 0,  ///< keys were put
        Beat = 1,     ///< the stream lives; `number` is its last
        Goodbye = 2   ///< the stream ends; `number` is its last
    };

    Kind kind = Kind::Changes;
    /// Who numbers the messages: one lane of one process.
    std::uint64_t stream = 0;
    /// From 1, without holes; 0: not numbered, for it cannot be lost without the change.
    std::uint64_t number = 0;
    /// Keys point into the bytes that were decoded.
    std::vector<spi::KeyChange> changes{};

    static std::optional<Announcement> decode(BytesView bytes);
};

/// Where the number lies, from the start of the message.
inline constexpr std::size_t kNumberOffset = 16;

/// Adds the message as the next argument of a command; the number is 0 until somebody writes it.
/// Gives where in the buffer it lies.
std::size_t addAnnouncement(CommandWriter& writer, Announcement::Kind kind, std::uint64_t stream,
                            std::span<const spi::KeyChange> changes);

/// The channel on which a service's processes meet. Pub/Sub knows no databases, so it is named.
Bytes channelOf(BytesView keyPrefix, std::int64_t database);

}  // namespace oxcache::redis
