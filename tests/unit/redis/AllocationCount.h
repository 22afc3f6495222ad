#pragma once

#include <cstddef>

namespace oxcache::testing {

/// How often this thread has called operator new; the program's own is replaced.
std::size_t allocationsOfThisThread() noexcept;

}  // namespace oxcache::testing
