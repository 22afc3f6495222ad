#include "coherence/EpochTable.h"

namespace oxcache::coherence {
namespace {

/// CRC-16/XMODEM, by which Redis Cluster maps keys to slots (Redis Cluster specification).
std::uint16_t crc16(BytesView bytes) noexcept {
    unsigned crc = 0;
    for (const char byte : bytes) {
        crc ^= static_cast<unsigned>(static_cast<unsigned char>(byte)) << 8;
        for (int bit = 0; bit < 8; ++bit)
            crc = (crc & 0x8000U) != 0 ? (crc << 1) ^ 0x1021U : crc << 1;
    }
    return static_cast<std::uint16_t>(crc & 0xFFFFU);
}

/// The part of a key that is hashed: what stands between the first `{` and the next `}`.
BytesView hashTag(Key key) noexcept {
    const std::size_t open = key.find('{');
    if (open == Key::npos) return key;
    const std::size_t close = key.find('}', open + 1);
    if (close == Key::npos || close == open + 1) return key;
    return key.substr(open + 1, close - open - 1);
}

}  // namespace

EpochTable::EpochTable() {
    for (unsigned each = 0; each <= kRanges; ++each)
        stamps_[each].store(each << kEpochBits, std::memory_order_relaxed);
}

unsigned EpochTable::rangeOf(Key physicalKey) noexcept {
    return (crc16(hashTag(physicalKey)) % 16384U) / 256U;
}

void EpochTable::advance(std::optional<unsigned> range) noexcept {
    constexpr std::uint32_t kEpochMask = (std::uint32_t{1} << kEpochBits) - 1;
    const bool one = range && *range < kRanges;
    const unsigned from = one ? 1 + *range : 1;
    const unsigned to = one ? from : kRanges;
    for (unsigned each = from; each <= to; ++each) {
        std::uint32_t stamp = stamps_[each].load(std::memory_order_relaxed);
        std::uint32_t next = 0;
        do {
            next = (each << kEpochBits) | ((stamp + 1) & kEpochMask);
        } while (!stamps_[each].compare_exchange_weak(stamp, next, std::memory_order_acq_rel));
    }
}

}  // namespace oxcache::coherence
