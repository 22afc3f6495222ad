#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "oxcache/base/Export.h"

namespace oxcache::config {

/// How many single-character insertions, deletions, replacements and swaps of neighbours lead from
/// one text to the other (optimal string alignment).
OXCACHE_INTERNAL std::size_t editDistance(std::string_view a, std::string_view b);

/// A known word and how far it is.
struct Nearest {
    std::string word{};
    std::size_t distance = 0;
    /// Few enough edits for a slip of the pen.
    bool close = false;
};

/// The known word with the smallest distance, the first of equals; empty when none is known.
OXCACHE_INTERNAL Nearest nearest(std::string_view word, const std::vector<std::string>& known);

}  // namespace oxcache::config
