#include "base/BlockMemory.h"

#include <pthread.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <cstring>
#include <new>

#include "base/PageMemory.h"

namespace oxcache {
namespace {

static_assert(BlockSizes::kLeast == Span::kLeastBlock && BlockSizes::roundAsPromised());

/// The blocks of one size that no thread has.
class alignas(64) SizeClass {
public:
    /// At least one, at most `most`, or std::bad_alloc.
    std::size_t take(std::size_t size, void** blocks, std::size_t most) {
        MutexLock lock(mutex_);
        if (open_ == nullptr) open(PageMemory::instance().takeSpan(), size);
        std::size_t taken = 0;
        while (taken < most && open_ != nullptr) takeFrom(*open_, blocks, taken, most);
        return taken;
    }
    void give(void* const* blocks, std::size_t count) noexcept {
        MutexLock lock(mutex_);
        for (std::size_t i = 0; i < count; ++i) give(blocks[i]);
    }

private:
    void open(Span& span, std::size_t size) OXCACHE_REQUIRES(mutex_) {
        span.blockSize = static_cast<std::uint32_t>(size);
        span.blocks = span.free = static_cast<std::uint32_t>(span.bytes / size);
        span.map.fill(0);
        std::size_t left = span.blocks;
        for (std::size_t word = 0; left > 0; ++word) {
            const std::size_t bits = std::min<std::size_t>(left, 64);
            span.map[word] = UINT64_MAX >> (64 - bits);
            left -= bits;
        }
        link(span);
    }
    void takeFrom(Span& span, void** blocks, std::size_t& taken, std::size_t most)
        OXCACHE_REQUIRES(mutex_) {
        for (std::size_t word = 0; taken < most && word * 64 < span.blocks; ++word)
            for (std::uint64_t& bits = span.map[word]; bits != 0 && taken < most;
                 bits &= bits - 1, --span.free)
                blocks[taken++] =
                    span.start +
                    (word * 64 + static_cast<std::size_t>(std::countr_zero(bits))) * span.blockSize;
        if (span.free == 0) unlink(span);
    }
    // One span without blocks in use is kept, for the next thread.
    void give(void* block) noexcept OXCACHE_REQUIRES(mutex_) {
        Span& span = PageMemory::spanOf(block);
        const auto index =
            static_cast<std::uint32_t>(static_cast<char*>(block) - span.start) / span.blockSize;
        span.map[index / 64] |= std::uint64_t{1} << (index % 64);
        if (span.free++ == 0) link(span);
        if (span.free < span.blocks || (open_ == &span && span.next == nullptr)) return;
        unlink(span);
        PageMemory::instance().giveSpan(span);
    }
    void link(Span& span) noexcept OXCACHE_REQUIRES(mutex_) {
        span.previous = nullptr;
        span.next = open_;
        if (open_ != nullptr) open_->previous = &span;
        open_ = &span;
    }
    void unlink(Span& span) noexcept OXCACHE_REQUIRES(mutex_) {
        (span.previous == nullptr ? open_ : span.previous->next) = span.next;
        if (span.next != nullptr) span.next->previous = span.previous;
    }

    Mutex mutex_;
    /// Spans that have free blocks.
    Span* open_ OXCACHE_GUARDED_BY(mutex_) = nullptr;
};

SizeClass& sizeClass(unsigned index) {
    static auto* const classes = new std::array<SizeClass, BlockSizes::kClasses>;
    return (*classes)[index];
}

constexpr std::size_t kMagazineBytes = 32 * 1024;
constexpr std::size_t kMagazineBlocks = 256;

// What is rounded up to its alignment falls into a class of that alignment: the steps between
// classes are powers of two.
std::size_t blockSize(std::size_t size, std::size_t align) noexcept {
    return (size + align - 1) & ~(align - 1);
}

bool fromHeap([[maybe_unused]] std::size_t size, [[maybe_unused]] std::size_t align) noexcept {
#if defined(OXCACHE_BLOCKS_FROM_HEAP)
    return true;
#else
    return size > BlockMemory::kLargest || align > BlockMemory::kLargestAlign;
#endif
}

}  // namespace

constinit std::atomic<BlockMemory::Magazines*> BlockMemory::all_{nullptr};
constinit thread_local BlockMemory::Magazines* BlockMemory::mine_ = nullptr;

void BlockMemory::leaveMagazines(void* raw) {
    auto* const left = static_cast<Magazines*>(raw);
    mine_ = nullptr;
    for (unsigned i = 0; i < BlockSizes::kClasses; ++i) {
        Magazine& magazine = left->of[i];
        if (magazine.count > 0) sizeClass(i).give(magazine.blocks, magazine.count);
        magazine.count = 0;
    }
    left->taken.store(false, std::memory_order_release);
}

// Where a process has no key left, magazines stay with their threads for ever.
void BlockMemory::leaveAtEnd(Magazines* magazines) noexcept {
    static pthread_key_t key{};
    static const bool kMade = pthread_key_create(&key, &leaveMagazines) == 0;
    if (kMade) pthread_setspecific(key, magazines);
}

BlockMemory::Magazines* BlockMemory::takeMagazines() noexcept {
    Magazines* found = all_.load(std::memory_order_acquire);
    for (; found != nullptr; found = found->next) {
        bool taken = false;
        if (!found->taken.load(std::memory_order_relaxed) &&
            found->taken.compare_exchange_strong(taken, true, std::memory_order_acq_rel))
            break;
    }
    if (found == nullptr) {
        found = new (std::nothrow) Magazines;
        if (found == nullptr) return nullptr;
        found->next = all_.load(std::memory_order_acquire);
        while (!all_.compare_exchange_weak(found->next, found, std::memory_order_acq_rel)) {
        }
    }
    leaveAtEnd(found);
    return mine_ = found;
}

// Null where there is no memory for one.
BlockMemory::Magazine* BlockMemory::magazineOf(unsigned index) noexcept {
    Magazines* const magazines = mine_ != nullptr ? mine_ : takeMagazines();
    if (magazines == nullptr) return nullptr;
    Magazine& magazine = magazines->of[index];
    if (magazine.capacity != 0) [[likely]]
        return &magazine;
    const std::size_t capacity =
        std::min(kMagazineBytes / BlockSizes::sizeOf(index), kMagazineBlocks);
    magazine.blocks = new (std::nothrow) void*[capacity];
    if (magazine.blocks == nullptr) return nullptr;
    magazine.capacity = capacity;
    return &magazine;
}

void* BlockMemory::allocateByAll(std::size_t size, std::size_t align) {
    size = blockSize(size, align);
    if (fromHeap(size, align)) [[unlikely]]
        return align > __STDCPP_DEFAULT_NEW_ALIGNMENT__
                   ? ::operator new(size, std::align_val_t(align))
                   : ::operator new(size);
    const unsigned index = BlockSizes::classOf(size);
    Magazine* const magazine = magazineOf(index);
    if (magazine == nullptr) throw std::bad_alloc();
    if (magazine->count == 0)
        magazine->count = sizeClass(index).take(BlockSizes::sizeOf(index), magazine->blocks,
                                                magazine->capacity / 2);
    return magazine->pop();
}

void BlockMemory::freeByAll(void* block, std::size_t size, std::size_t align) noexcept {
    size = blockSize(size, align);
    if (fromHeap(size, align)) [[unlikely]] {
        if (align > __STDCPP_DEFAULT_NEW_ALIGNMENT__)
            ::operator delete(block, std::align_val_t(align));
        else
            ::operator delete(block);
        return;
    }
    const unsigned index = BlockSizes::classOf(size);
    Magazine* const magazine = magazineOf(index);
    if (magazine == nullptr) return sizeClass(index).give(&block, 1);
    // Those that came last are the warmest; the others go.
    if (magazine->count == magazine->capacity) {
        const std::size_t half = magazine->capacity / 2;
        sizeClass(index).give(magazine->blocks, half);
        magazine->count -= half;
        std::memmove(magazine->blocks, magazine->blocks + half, magazine->count * sizeof(void*));
    }
    magazine->push(block);
}

}  // namespace oxcache
