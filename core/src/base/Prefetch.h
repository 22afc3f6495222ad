#pragma once

namespace oxcache {

// Inline at all costs: g++ takes a function that only prefetches for one without effect, and calls
// of it for superfluous.

/// Fetches the line to be read.
[[gnu::always_inline]] inline void prefetch(const void* line) noexcept { __builtin_prefetch(line); }

/// Fetches the line to be written, away from processors that have it.
[[gnu::always_inline]] inline void prefetchToWrite(const void* line) noexcept {
#if defined(__x86_64__)
    // What the builtin emits only where the compiler is told of a newer processor than all have;
    // those without it do nothing.
    asm volatile("prefetchw %0" : : "m"(*static_cast<const char*>(line)));
#else
    __builtin_prefetch(line, 1);
#endif
}

}  // namespace oxcache
