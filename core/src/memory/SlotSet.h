#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "Sanitizer.h"

#if defined(__SSE2__) && !defined(OXCACHE_MEMORY_TSAN)
#include <emmintrin.h>
#define OXCACHE_MEMORY_SSE2 1
#endif

namespace oxcache::memory {

/// Those of a bucket's seven slots whose tags equal a hash's. The tags are the low seven bytes of a
/// word that is aligned, so that the processor reads it at once.
class SlotSet {
public:
    static constexpr unsigned kSlots = 7;

    /// The tag is the low byte of `hash`.
    static SlotSet matching(const std::atomic<std::uint64_t>& tags, std::uint32_t hash) noexcept {
#if defined(OXCACHE_MEMORY_SSE2)
        // Fewer instructions than what follows, most of them where hardly anything else waits.
        __m128i all = _mm_cvtsi32_si128(static_cast<int>(hash));
        all = _mm_unpacklo_epi8(all, all);
        all = _mm_shufflelo_epi16(all, 0);
        const __m128i own = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(&tags));
        return SlotSet(static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(all, own))) & 0x7f);
#else
        // Zero bytes, exactly: a byte's top bit stays clear only if the byte was zero.
        constexpr std::uint64_t kLowBits = 0x007f'7f7f'7f7f'7f7f;
        const std::uint64_t apart =
            tags.load(std::memory_order_acquire) ^ (hash & 0xff) * 0x0001'0101'0101'0101ULL;
        const std::uint64_t tops =
            ~(((apart & kLowBits) + kLowBits) | apart) & 0x0080'8080'8080'8080ULL;
        return SlotSet(static_cast<unsigned>((tops >> 7) * 0x0102'0408'1020'4000ULL >> 56) & 0x7f);
#endif
    }

    bool empty() const noexcept { return slots_ == 0; }
    std::size_t first() const noexcept {
        return static_cast<std::size_t>(std::countr_zero(slots_));
    }
    void dropFirst() noexcept { slots_ &= slots_ - 1; }

private:
    explicit SlotSet(unsigned slots) noexcept : slots_(slots) {}

    // A bit each.
    unsigned slots_;
};

}  // namespace oxcache::memory
