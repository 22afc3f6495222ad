#pragma once

#include <cstddef>

#include "oxcache/base/Export.h"

namespace oxcache {

/// The heap of entries: blocks of up to 4 KiB and 64 bytes' alignment in huge pages (PageMemory),
/// without a header; what is larger or aligned to more comes from operator new. A thread takes from
/// and gives to a magazine per size of its own and exchanges half of it with all others' under a
/// lock when it runs empty or over; a thread that ends gives back all it has. Sizes are rounded up
/// by at most 7 bytes up to 256, by at most an eighth beyond. Under AddressSanitizer all blocks
/// come from operator new, so that it sees their use after they were freed. Thread-safe.
/// (Magazines: Bonwick and Adams, 2001.)
class OXCACHE_INTERNAL BlockMemory {
public:
    static constexpr std::size_t kLargest = 4096;
    static constexpr std::size_t kLargestAlign = 64;

    /// Throws std::bad_alloc. `align` is a power of two.
    static void* allocate(std::size_t size, std::size_t align);
    /// With what allocate() was called with; from any thread.
    static void free(void* block, std::size_t size, std::size_t align) noexcept;
};

}  // namespace oxcache
