#pragma once

#include <ostream>
#include <string>
#include <vector>

namespace oxcache::demo {

/// Rows of text in columns: the first to the left, the others to the right. A row may be shorter
/// than others. Width counts characters of UTF-8.
class TextTable {
public:
    void row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
    /// A line across the table.
    void rule() { rows_.emplace_back(); }
    void print(std::ostream& out) const;

private:
    std::vector<std::vector<std::string>> rows_;
};

}  // namespace oxcache::demo
