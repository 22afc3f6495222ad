#pragma once

#include <array>
#include <atomic>
#include <cstddef>

#include "base/BlockSizes.h"
#include "base/Prefetch.h"
#include "oxcache/base/Export.h"

#if defined(__SANITIZE_ADDRESS__)
#define OXCACHE_BLOCKS_FROM_HEAP 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define OXCACHE_BLOCKS_FROM_HEAP 1
#endif
#endif

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
    static constexpr std::size_t kLargest = BlockSizes::kLargest;
    static constexpr std::size_t kLargestAlign = 64;

    /// Throws std::bad_alloc. `align` is a power of two.
    static void* allocate(std::size_t size, std::size_t align) {
        if (Magazine* const magazine = fineMagazine(size, align);
            magazine != nullptr && magazine->count > 0) [[likely]]
            return magazine->pop();
        return allocateByAll(size, align);
    }
    /// With what allocate() was called with; from any thread.
    static void free(void* block, std::size_t size, std::size_t align) noexcept {
        if (Magazine* const magazine = fineMagazine(size, align);
            magazine != nullptr && magazine->count < magazine->capacity) [[likely]]
            magazine->push(block);
        else
            freeByAll(block, size, align);
    }

private:
    struct Magazine {
        std::size_t count = 0;
        std::size_t capacity = 0;
        void** blocks = nullptr;

        // The next but one is fetched: it may be another processor's still.
        void* pop() noexcept {
            void* const block = blocks[--count];
            if (count > 1) [[likely]] {
                const char* const next = static_cast<const char*>(blocks[count - 2]);
                prefetchToWrite(next);
                prefetchToWrite(next + 64);
            }
            return block;
        }
        void push(void* block) noexcept { blocks[count++] = block; }
    };

    /// A thread's magazines. Never freed; a thread that ends leaves them, empty, to the next one.
    struct Magazines {
        std::array<Magazine, BlockSizes::kClasses> of{};
        std::atomic<bool> taken{true};
        Magazines* next = nullptr;
    };

    // The magazine of a small block, if there is one already.
    static Magazine* fineMagazine([[maybe_unused]] std::size_t size,
                                  [[maybe_unused]] std::size_t align) noexcept {
#if !defined(OXCACHE_BLOCKS_FROM_HEAP)
        if (size <= BlockSizes::kFine && align <= 8 && mine_ != nullptr) [[likely]]
            return &mine_->of[BlockSizes::fineClassOf(size)];
#endif
        return nullptr;
    }
    static void* allocateByAll(std::size_t size, std::size_t align);
    static void freeByAll(void* block, std::size_t size, std::size_t align) noexcept;
    static Magazine* magazineOf(unsigned index) noexcept;
    static Magazines* takeMagazines() noexcept;
    static void leaveMagazines(void* raw);
    static void leaveAtEnd(Magazines* magazines) noexcept;

    static std::atomic<Magazines*> all_;
    static thread_local constinit Magazines* mine_ [[gnu::tls_model("initial-exec")]];
};

}  // namespace oxcache
