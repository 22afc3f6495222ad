#include "WindowTuner.h"

#include <algorithm>
#include <bit>

namespace oxcache::memory {
namespace {

constexpr std::uint64_t kShadowEntries = 1024;
constexpr std::uint64_t kMaxSampling = 1U << 20;
constexpr std::uint32_t kOwn = 64;
constexpr std::uint32_t kOthers = 32;

}  // namespace

// The shadows start anew only when they have become much too large or too small to go on.
void WindowTuner::fit(std::uint64_t capacity) {
    capacity = std::max<std::uint64_t>(capacity, 16);
    const std::uint64_t wanted = std::min(
        std::bit_ceil(std::max<std::uint64_t>(1, capacity / kShadowEntries)), kMaxSampling);
    if (shadows_ && wanted <= 2 * sampling_ && 2 * wanted >= sampling_)
        return shadows_->resize(capacity);
    sampling_ = wanted;
    mask_.store(static_cast<std::uint32_t>(sampling_ - 1), std::memory_order_relaxed);
    shadows_ = std::make_unique<ShadowCaches>(capacity, sampling_);
}

void WindowTuner::drain(ThreadRecord& own, const ThreadRecords& all, std::uint64_t capacity,
                        std::atomic<double>& windowShare) {
    if (!mutex_.tryLock()) return;
    fit(capacity);
    const auto show = [this](std::uint32_t hash)
                          OXCACHE_NO_THREAD_SAFETY_ANALYSIS { shadows_->access(hash); };
    own.drain(kOwn, show);
    if (const std::uint32_t end = all.end(); end > 1) {
        if (++next_ >= end) next_ = 0;
        ThreadRecord* other = all.at(next_);
        if (other != nullptr && other != &own) other->drain(kOthers, show);
    }
    if (windowShare.load(std::memory_order_relaxed) != shadows_->share())
        windowShare.store(shadows_->share(), std::memory_order_relaxed);
    mutex_.unlock();
}

}  // namespace oxcache::memory
