#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace oxcache::layering {

/// What a walk over the sources found.
struct Report {
    /// One text per include that the table forbids, and per file outside the table:
    /// `file:line: what; what to do`.
    std::vector<std::string> violations;
    /// Includes of own files that were judged.
    std::size_t judged = 0;
};

/// Judges every include in core/, plugins/ and apps/ under `root`.
Report judge(const std::filesystem::path& root);

}  // namespace oxcache::layering
