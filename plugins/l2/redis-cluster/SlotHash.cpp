#include "SlotHash.h"

namespace oxcache::redis {
namespace {

constexpr std::array<std::uint16_t, 256> makeTable() {
    std::array<std::uint16_t, 256> table{};
    for (unsigned byte = 0; byte < table.size(); ++byte) {
        unsigned crc = byte << 8;
        for (int bit = 0; bit < 8; ++bit)
            crc = (crc & 0x8000U) != 0 ? (crc << 1) ^ 0x1021U : crc << 1;
        table[byte] = static_cast<std::uint16_t>(crc);
    }
    return table;
}

constexpr std::array<std::uint16_t, 256> kTable = makeTable();

std::array<std::string, kRanges> findTags() {
    std::array<std::string, kRanges> tags;
    unsigned found = 0;
    for (unsigned number = 0; found < kRanges; ++number) {
        std::string text = std::to_string(number);
        std::string& tag = tags[slotOf(text) / kSlotsPerRange];
        if (!tag.empty()) continue;
        tag = std::move(text);
        ++found;
    }
    return tags;
}

}  // namespace

BytesView hashedPart(BytesView key) noexcept {
    const std::size_t open = key.find('{');
    if (open == BytesView::npos) return key;
    const std::size_t close = key.find('}', open + 1);
    if (close == BytesView::npos || close == open + 1) return key;
    return key.substr(open + 1, close - open - 1);
}

Slot slotOf(BytesView key) noexcept {
    unsigned crc = 0;
    for (const char c : hashedPart(key)) {
        const unsigned index = ((crc >> 8) ^ static_cast<unsigned char>(c)) & 0xFFU;
        crc = ((crc << 8) ^ kTable[index]) & 0xFFFFU;
    }
    return static_cast<Slot>(crc % kSlots);
}

const std::array<std::string, kRanges>& rangeTags() {
    static const std::array<std::string, kRanges> tags = findTags();
    return tags;
}

}  // namespace oxcache::redis
