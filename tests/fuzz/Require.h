#pragma once

#include <cstdio>
#include <cstdlib>

namespace oxcache::fuzz {

/// Ends the program with the rule that does not hold: what a fuzzer looks for.
inline void require(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "violated: %s\n", what);
    std::abort();
}

}  // namespace oxcache::fuzz
