#pragma once

#include <cstddef>

#include "oxcache/base/Export.h"

namespace oxcache {

/// What many threads count lies in so many lines, and a thread keeps to one of them: so that few
/// threads meet at a line.
inline constexpr std::size_t kThreadStripes = 8;

OXCACHE_INTERNAL void takeThreadStripe() noexcept;
/// One more than the stripe; 0: the thread has none yet.
OXCACHE_INTERNAL inline thread_local constinit std::size_t threadStripePlusOne
    [[gnu::tls_model("initial-exec")]] = 0;

/// The calling thread's, below kThreadStripes; the same as long as it runs.
inline std::size_t threadStripe() noexcept {
    if (threadStripePlusOne == 0) [[unlikely]]
        takeThreadStripe();
    return threadStripePlusOne - 1;
}

}  // namespace oxcache
