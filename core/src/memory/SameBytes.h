#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace oxcache::memory {

namespace detail {

template <class Word>
bool sameWord(const char* a, const char* b) noexcept {
    return std::memcmp(a, b, sizeof(Word)) == 0;
}

}  // namespace detail

/// memcmp for runs as short as keys are, where the call costs more than the comparison: the first
/// and last words of 8, which overlap where they must.
inline bool sameBytes(const char* a, const char* b, std::size_t size) noexcept {
    using detail::sameWord;
    if (size > 32 || size < 4) return std::memcmp(a, b, size) == 0;
    if (size < 8)
        return sameWord<std::uint32_t>(a, b) && sameWord<std::uint32_t>(a + size - 4, b + size - 4);
    const bool ends =
        sameWord<std::uint64_t>(a, b) && sameWord<std::uint64_t>(a + size - 8, b + size - 8);
    if (size <= 16 || !ends) return ends;
    return sameWord<std::uint64_t>(a + 8, b + 8) &&
           sameWord<std::uint64_t>(a + size - 16, b + size - 16);
}

}  // namespace oxcache::memory
