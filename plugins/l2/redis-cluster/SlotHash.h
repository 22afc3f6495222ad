#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "oxcache/base/Bytes.h"

namespace oxcache::redis {

inline constexpr unsigned kSlots = 16384;
/// Epochs move by ranges of so many slots (oxcache/spi/InvalidationBus.h).
inline constexpr unsigned kRanges = 64;
inline constexpr unsigned kSlotsPerRange = kSlots / kRanges;

using Slot = std::uint16_t;

/// The part of a key that is hashed: what lies between the first { and the next }, if anything.
BytesView hashedPart(BytesView key) noexcept;
/// CRC16 (XMODEM) of that part, as Redis Cluster has it.
Slot slotOf(BytesView key) noexcept;

/// For each range a text without braces whose slot lies in it: names channels that are to be served
/// by whoever serves that slot. Always the same.
const std::array<std::string, kRanges>& rangeTags();

}  // namespace oxcache::redis
