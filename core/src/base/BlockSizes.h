#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>

namespace oxcache {

/// The sizes of blocks that BlockMemory hands out: by eights up to 256, then eight a doubling.
class BlockSizes {
public:
    static constexpr std::size_t kLeast = 32;
    static constexpr std::size_t kFine = 256;
    static constexpr std::size_t kLargest = 4096;
    static constexpr unsigned kFineClasses = kFine / 8 + 1;
    static constexpr unsigned kClasses = kFineClasses + 4 * 8;

    /// Of blocks of at most kFine bytes.
    static constexpr unsigned fineClassOf(std::size_t size) noexcept {
        return static_cast<unsigned>((std::max(size, kLeast) + 7) / 8);
    }
    static constexpr unsigned classOf(std::size_t size) noexcept {
        if (size <= kFine) return fineClassOf(size);
        const auto doubling = static_cast<unsigned>(std::bit_width(size - 1)) - 9;
        const std::size_t step = kFine / 8 << doubling;
        return kFineClasses + doubling * 8 +
               static_cast<unsigned>((size - 1 - (kFine << doubling)) / step);
    }
    static constexpr std::size_t sizeOf(unsigned index) noexcept {
        if (index < kFineClasses) return std::size_t{8} * index;
        const unsigned coarse = index - kFineClasses;
        return (kFine << (coarse / 8)) / 8 * (8 + coarse % 8 + 1);
    }
    static constexpr bool roundAsPromised() {
        for (std::size_t size = kLeast; size <= kLargest; ++size) {
            const std::size_t more = sizeOf(classOf(size)) - size;
            if (more > kLargest || more > (size <= kFine ? 7 : size / 8)) return false;
        }
        return classOf(kLargest) == kClasses - 1;
    }
};

}  // namespace oxcache
