#include "base/PageMemory.h"

#include <sys/mman.h>

#include <bit>
#include <new>

namespace oxcache {
namespace {

// Shorter arrays are the heap's.
constexpr std::size_t kLeastArray = Span::kBytes / 2;

constexpr std::size_t roundUp(std::size_t value, std::size_t step) noexcept {
    return (value + step - 1) / step * step;
}

std::uintptr_t addressOf(const void* memory) noexcept {
    return reinterpret_cast<std::uintptr_t>(memory);
}

// Aligned to a region: mapped with room to spare, of which the ends go back.
char* mapPages(std::size_t bytes) {
    const std::size_t mapped = bytes + PageMemory::kRegion;
    void* raw = ::mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (raw == MAP_FAILED) throw std::bad_alloc();
    char* const begin = static_cast<char*>(raw);
    const std::size_t before = roundUp(addressOf(raw), PageMemory::kRegion) - addressOf(raw);
    char* const pages = begin + before;
    if (before != 0) ::munmap(begin, before);
    ::munmap(pages + bytes, mapped - before - bytes);
    // Where the system has no huge pages, small ones do.
    ::madvise(pages, bytes / PageMemory::kRegion * PageMemory::kRegion, MADV_HUGEPAGE);
    return pages;
}

}  // namespace

// At the head of its memory, in the first span, which is shorter by it.
struct PageMemory::Region {
    std::array<Span, kSpans> spans;
    std::uint32_t free = UINT32_MAX;
    Region* previous = nullptr;
    Region* next = nullptr;

    static constexpr std::size_t kHead = 16 * 1024;
};

PageMemory& PageMemory::instance() {
    static auto* const memory = new PageMemory;
    return *memory;
}

Span& PageMemory::spanOf(void* block) noexcept {
    static_assert(sizeof(Region) <= Region::kHead && kSpans == 32);
    const std::size_t offset = addressOf(block) % kRegion;
    auto* const region = reinterpret_cast<Region*>(static_cast<char*>(block) - offset);
    return region->spans[offset / Span::kBytes];
}

PageMemory::Region* PageMemory::addRegion() {
    char* const pages = mapPages(kRegion);
    auto* const region = new (pages) Region;
    for (std::size_t i = 0; i < kSpans; ++i) {
        const std::size_t head = i == 0 ? Region::kHead : 0;
        region->spans[i].start = pages + i * Span::kBytes + head;
        region->spans[i].bytes = Span::kBytes - head;
    }
    mapped_ += kRegion;
    ++empty_;
    link(*region);
    return region;
}

void PageMemory::link(Region& region) noexcept {
    region.previous = nullptr;
    region.next = open_;
    if (open_ != nullptr) open_->previous = &region;
    open_ = &region;
}

void PageMemory::unlink(Region& region) noexcept {
    (region.previous == nullptr ? open_ : region.previous->next) = region.next;
    if (region.next != nullptr) region.next->previous = region.previous;
}

// Gives the index of the first of so many spans in a row.
std::size_t PageMemory::takeSpans(unsigned count, bool withFirst, Region*& region) {
    MutexLock lock(mutex_);
    const auto startsIn = [&](const Region& one) {
        std::uint32_t starts = withFirst ? one.free : one.free & ~1U;
        for (unsigned i = 1; i < count; ++i) starts &= starts >> 1;
        return starts;
    };
    region = open_;
    while (region != nullptr && startsIn(*region) == 0) region = region->next;
    if (region == nullptr) region = addRegion();
    if (region->free == UINT32_MAX) --empty_;
    const auto first = static_cast<unsigned>(std::countr_zero(startsIn(*region)));
    region->free &= ~(((1U << count) - 1) << first);
    used_ += count * Span::kBytes;
    if (region->free == 0) unlink(*region);
    return first;
}

void PageMemory::giveSpans(Region& region, unsigned from, unsigned count) noexcept {
    if (region.free == 0) link(region);
    region.free |= ((1U << count) - 1) << from;
    used_ -= count * Span::kBytes;
    if (region.free != UINT32_MAX || ++empty_ == 1) {
        // The first span begins with the region's own head.
        if (mapped_ - used_ > used_ / 4 + 4 * kRegion && from != 0)
            ::madvise(region.spans[from].start, count * Span::kBytes, MADV_DONTNEED);
        return;
    }
    --empty_;
    unlink(region);
    mapped_ -= kRegion;
    ::munmap(&region, kRegion);
}

Span& PageMemory::takeSpan() {
    Region* region = nullptr;
    const std::size_t at = takeSpans(1, true, region);
    return region->spans[at];
}

void PageMemory::giveSpan(Span& span) noexcept {
    const std::size_t offset = addressOf(span.start) % kRegion;
    MutexLock lock(mutex_);
    giveSpans(*reinterpret_cast<Region*>(span.start - offset),
              static_cast<unsigned>(offset / Span::kBytes), 1);
}

void* PageMemory::takeArray(std::size_t bytes) {
    if (bytes < kLeastArray) return ::operator new(bytes, std::align_val_t(64));
    if (bytes > kRegion - Span::kBytes) {
        const std::size_t pages = roundUp(bytes, 4096);
        char* const array = mapPages(pages);
        MutexLock lock(mutex_);
        mapped_ += pages;
        used_ += pages;
        return array;
    }
    Region* region = nullptr;
    const auto count = static_cast<unsigned>(roundUp(bytes, Span::kBytes) / Span::kBytes);
    const std::size_t first = takeSpans(count, false, region);
    return region->spans[first].start;
}

void PageMemory::giveArray(void* array, std::size_t bytes) noexcept {
    if (bytes < kLeastArray) return ::operator delete(array, std::align_val_t(64));
    MutexLock lock(mutex_);
    if (bytes > kRegion - Span::kBytes) {
        ::munmap(array, roundUp(bytes, 4096));
        mapped_ -= roundUp(bytes, 4096);
        used_ -= roundUp(bytes, 4096);
        return;
    }
    const std::size_t offset = addressOf(array) % kRegion;
    giveSpans(*reinterpret_cast<Region*>(static_cast<char*>(array) - offset),
              static_cast<unsigned>(offset / Span::kBytes),
              static_cast<unsigned>(roundUp(bytes, Span::kBytes) / Span::kBytes));
}

std::size_t PageMemory::bytes() const {
    MutexLock lock(mutex_);
    return used_;
}

}  // namespace oxcache
