#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>

#include "oxcache/base/Export.h"
#include "oxcache/base/Mutex.h"

namespace oxcache {

/// 64 KiB of a region, cut into blocks of one size by whoever holds it.
struct alignas(64) Span {
    static constexpr std::size_t kBytes = 64 * 1024;
    static constexpr std::size_t kLeastBlock = 32;

    char* start = nullptr;
    std::size_t bytes = 0;
    std::uint32_t blockSize = 0;
    std::uint32_t blocks = 0;
    std::uint32_t free = 0;
    Span* previous = nullptr;
    Span* next = nullptr;
    /// A bit per block that is free.
    std::array<std::uint64_t, kBytes / kLeastBlock / 64> map{};
};

/// Memory from the system in regions of 2 MiB, each asked to be a huge page: L1 reads its table and
/// its entries in no order, and what that costs most where pages are small is finding the pages.
/// Regions are cut into spans. A region without any in use goes back to the system, but for one;
/// where much more lies idle than is in use, so do spans. Thread-safe.
class OXCACHE_INTERNAL PageMemory {
public:
    static constexpr std::size_t kRegion = 2 * 1024 * 1024;

    /// The process's; never destroyed, since threads give back memory until the very end.
    static PageMemory& instance();

    /// std::bad_alloc when the system has no more.
    Span& takeSpan();
    void giveSpan(Span& span) noexcept;
    /// The span in which a block lies.
    static Span& spanOf(void* block) noexcept;

    /// For an array, aligned to 64 bytes.
    void* takeArray(std::size_t bytes);
    void giveArray(void* array, std::size_t bytes) noexcept;

    /// What is in use: spans and arrays that were taken and not given back.
    std::size_t bytes() const;

private:
    struct Region;
    static constexpr unsigned kSpans = kRegion / Span::kBytes;

    std::size_t takeSpans(unsigned count, bool withFirst, Region*& region);
    void giveSpans(Region& region, unsigned from, unsigned count) noexcept OXCACHE_REQUIRES(mutex_);
    Region* addRegion() OXCACHE_REQUIRES(mutex_);
    void link(Region& region) noexcept OXCACHE_REQUIRES(mutex_);
    void unlink(Region& region) noexcept OXCACHE_REQUIRES(mutex_);

    mutable Mutex mutex_;
    /// Regions that have free spans.
    Region* open_ OXCACHE_GUARDED_BY(mutex_) = nullptr;
    std::size_t empty_ OXCACHE_GUARDED_BY(mutex_) = 0;
    std::size_t mapped_ OXCACHE_GUARDED_BY(mutex_) = 0;
    std::size_t used_ OXCACHE_GUARDED_BY(mutex_) = 0;
};

/// An array of elements that need no destructor, in such memory.
template <class T>
class PageArray {
    static_assert(std::is_trivially_destructible_v<T> && alignof(T) <= 64);

public:
    explicit PageArray(std::size_t count)
        : count_(count),
          data_(static_cast<T*>(PageMemory::instance().takeArray(count * sizeof(T)))) {
        std::uninitialized_default_construct_n(data_, count);
    }
    ~PageArray() { PageMemory::instance().giveArray(data_, count_ * sizeof(T)); }
    PageArray(const PageArray&) = delete;
    PageArray& operator=(const PageArray&) = delete;

    T& operator[](std::size_t at) const noexcept { return data_[at]; }

private:
    const std::size_t count_;
    T* const data_;
};

}  // namespace oxcache
