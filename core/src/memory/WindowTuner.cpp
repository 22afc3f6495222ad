#include "WindowTuner.h"

#include <algorithm>
#include <bit>

namespace oxcache::memory {
namespace {

constexpr std::uint64_t kShadowEntries = 1024;
constexpr std::uint32_t kOwn = 16;
constexpr std::uint32_t kOthers = 8;

}  // namespace

void WindowTuner::fit(std::uint64_t capacity) {
    if (shadows_ && capacity <= 2 * capacity_ && capacity >= capacity_ / 2) return;
    capacity_ = std::max<std::uint64_t>(capacity, 16);
    const std::uint64_t sampling =
        std::min(std::bit_ceil(std::max<std::uint64_t>(1, capacity_ / kShadowEntries)),
                 std::uint64_t{1} << 20);
    mask_.store(static_cast<std::uint32_t>(sampling - 1), std::memory_order_relaxed);
    shadows_ = std::make_unique<ShadowCaches>(capacity_, static_cast<unsigned>(sampling));
}

void WindowTuner::drain(ReadRecord& own, const ReadRecords& all, std::uint64_t capacity,
                        std::atomic<double>& windowShare) {
    if (!mutex_.tryLock()) return;
    fit(capacity);
    const auto show = [this](std::uint32_t hash)
                          OXCACHE_NO_THREAD_SAFETY_ANALYSIS { shadows_->access(hash); };
    own.drain(kOwn, show);
    if (const std::uint32_t end = all.end(); end > 1) {
        if (++next_ >= end) next_ = 0;
        ReadRecord* other = all.at(next_);
        if (other != nullptr && other != &own) other->drain(kOthers, show);
    }
    if (windowShare.load(std::memory_order_relaxed) != shadows_->share())
        windowShare.store(shadows_->share(), std::memory_order_relaxed);
    mutex_.unlock();
}

}  // namespace oxcache::memory
