#include "Allocations.h"

#include <cstdlib>
#include <new>
#include <utility>

namespace {

thread_local std::uint64_t counted = 0;
thread_local std::function<void()>* looking = nullptr;

void* take(std::size_t size, std::size_t align) {
    ++counted;
    if (std::function<void()>* look = std::exchange(looking, nullptr)) {
        (*look)();
        looking = look;
    }
    const std::size_t atLeast = size == 0 ? 1 : size;
    void* block = align <= __STDCPP_DEFAULT_NEW_ALIGNMENT__
                      ? std::malloc(atLeast)
                      : std::aligned_alloc(align, (atLeast + align - 1) / align * align);
    if (block == nullptr) throw std::bad_alloc();
    return block;
}

}  // namespace

void* operator new(std::size_t size) { return take(size, 1); }
void* operator new[](std::size_t size) { return take(size, 1); }
void* operator new(std::size_t size, std::align_val_t align) {
    return take(size, static_cast<std::size_t>(align));
}
void* operator new[](std::size_t size, std::align_val_t align) {
    return take(size, static_cast<std::size_t>(align));
}
void operator delete(void* block) noexcept { std::free(block); }
void operator delete[](void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t) noexcept { std::free(block); }
void operator delete[](void* block, std::size_t) noexcept { std::free(block); }
void operator delete(void* block, std::align_val_t) noexcept { std::free(block); }
void operator delete[](void* block, std::align_val_t) noexcept { std::free(block); }
void operator delete(void* block, std::size_t, std::align_val_t) noexcept { std::free(block); }
void operator delete[](void* block, std::size_t, std::align_val_t) noexcept { std::free(block); }

namespace oxcache::testing {

std::uint64_t allocations() noexcept { return counted; }

AtEveryAllocation::AtEveryAllocation(std::function<void()> look) : look_(std::move(look)) {
    looking = &look_;
}

AtEveryAllocation::~AtEveryAllocation() { looking = nullptr; }

}  // namespace oxcache::testing
