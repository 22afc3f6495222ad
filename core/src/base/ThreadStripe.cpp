#include "base/ThreadStripe.h"

#include <atomic>

namespace oxcache {

// Stripes are dealt in turn.
void takeThreadStripe() noexcept {
    static std::atomic<std::size_t> next{0};
    threadStripePlusOne = next.fetch_add(1, std::memory_order_relaxed) % kThreadStripes + 1;
}

}  // namespace oxcache
