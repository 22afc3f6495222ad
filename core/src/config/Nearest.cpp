#include "config/Nearest.h"

#include <algorithm>

namespace oxcache::config {

std::size_t editDistance(std::string_view a, std::string_view b) {
    // Three rows of the table: the one before the last is for swaps.
    std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = std::min(row[j], before[j - 2] + 1);
        }
        std::swap(before, last);
        std::swap(last, row);
    }
    return last[b.size()];
}

Nearest nearest(std::string_view word, const std::vector<std::string>& known) {
    // A key from a file may be of any length; the table is quadratic.
    constexpr std::size_t kLongest = 256;
    Nearest best;
    for (const std::string& candidate : known) {
        const std::size_t distance = editDistance(word.substr(0, kLongest), candidate);
        if (best.word.empty() || distance < best.distance) best = {candidate, distance, false};
    }
    const auto shared = std::mismatch(word.begin(), word.end(), best.word.begin(), best.word.end());
    const auto differing = static_cast<std::size_t>(word.end() - shared.first);
    best.close = !best.word.empty() && best.distance <= 1 + std::max<std::size_t>(differing, 4) / 3;
    return best;
}

}  // namespace oxcache::config
