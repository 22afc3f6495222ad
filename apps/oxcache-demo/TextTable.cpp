#include "TextTable.h"

#include <algorithm>
#include <numeric>

namespace oxcache::demo {
namespace {

constexpr std::size_t kGap = 3;

// Characters, not bytes: those that do not continue a UTF-8 sequence.
std::size_t widthOf(const std::string& text) {
    return static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

}  // namespace

void TextTable::print(std::ostream& out) const {
    std::vector<std::size_t> widths;
    for (const auto& row : rows_) {
        widths.resize(std::max(widths.size(), row.size()), 0);
        for (std::size_t i = 0; i < row.size(); ++i)
            widths[i] = std::max(widths[i], widthOf(row[i]));
    }
    if (widths.empty()) return;
    const std::size_t whole =
        std::accumulate(widths.begin(), widths.end(), kGap * (widths.size() - 1));
    for (const auto& row : rows_) {
        std::string line = row.empty() ? std::string(whole, '-') : std::string();
        for (std::size_t i = 0; i < row.size(); ++i) {
            const std::string fill(widths[i] - widthOf(row[i]), ' ');
            if (i != 0) line.append(kGap, ' ');
            line += i == 0 ? row[i] + fill : fill + row[i];
        }
        line.erase(line.find_last_not_of(' ') + 1);
        out << line << '\n';
    }
}

}  // namespace oxcache::demo
