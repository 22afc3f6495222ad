#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace oxcache::memory {

namespace detail {

inline bool isUpTo32(std::size_t size) noexcept { return size > 16 && size <= 32; }

template <class Word>
bool sameWord(const char* a, const char* b) noexcept {
    return std::memcmp(a, b, sizeof(Word)) == 0;
}

/// The first and the last 16 bytes, which overlap where they must.
inline bool sameUpTo32(const char* a, const char* b, std::size_t size) noexcept {
#if defined(__SSE2__)
    const auto same = [&](std::size_t at) {
        return _mm_cmpeq_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(a + at)),
                              _mm_loadu_si128(reinterpret_cast<const __m128i*>(b + at)));
    };
    return _mm_movemask_epi8(_mm_and_si128(same(0), same(size - 16))) == 0xffff;
#else
    using Word = std::uint64_t;
    return sameWord<Word>(a, b) && sameWord<Word>(a + size - 8, b + size - 8) &&
           sameWord<Word>(a + 8, b + 8) && sameWord<Word>(a + size - 16, b + size - 16);
#endif
}

}  // namespace detail

/// memcmp for runs as short as keys are, where the call costs more than the comparison.
[[gnu::always_inline]] inline bool sameBytes(const char* a, const char* b,
                                             std::size_t size) noexcept {
    using detail::sameWord;
    if (detail::isUpTo32(size)) [[likely]]
        return detail::sameUpTo32(a, b, size);
    if (size > 32 || size < 4) return std::memcmp(a, b, size) == 0;
    if (size < 8)
        return sameWord<std::uint32_t>(a, b) && sameWord<std::uint32_t>(a + size - 4, b + size - 4);
    return sameWord<std::uint64_t>(a, b) && sameWord<std::uint64_t>(a + size - 8, b + size - 8);
}

}  // namespace oxcache::memory
