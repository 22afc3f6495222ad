#include "base/ThreadStripe.h"

#include <atomic>

namespace oxcache {

// Stripes are dealt in turn.
std::size_t takeThreadStripe() noexcept {
    static std::atomic<std::size_t> next{0};
    threadStripePlusOne = next.fetch_add(1, std::memory_order_relaxed) % kThreadStripes + 1;
    return threadStripePlusOne;
}

}  // namespace oxcache
