#include "ShardMutex.h"

namespace oxcache::memory {
namespace {

constexpr int kLooks = 16;
constexpr int kPauses = 8;

void relax() noexcept {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

}  // namespace

// Whoever has slept cannot know whether others still do, so it holds the mutex as awaited.
void ShardMutex::lockPatiently() noexcept {
    for (int looks = 0; looks < kLooks; ++looks) {
        for (int i = 0; i < kPauses; ++i) relax();
        if (state_.load(std::memory_order_relaxed) == kFree && tryLock()) return;
    }
    while (state_.exchange(kAwaited, std::memory_order_acquire) != kFree)
        state_.wait(kAwaited, std::memory_order_relaxed);
}

}  // namespace oxcache::memory
