#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace oxcache::layering {

/// A row of the table: a folder, the floor it is on, and what narrows or widens the rule "an
/// include points to a lower floor only".
struct Area {
    /// Path of a folder or of one file, from the repository's root; a `*` segment stands for any
    /// one folder, and makes each of them an area of its own.
    std::string_view path;
    int floor;
    /// When not empty: the only areas it may include.
    std::vector<std::string_view> only{};
    /// Areas it may include although they are not lower.
    std::vector<std::string_view> also{};
    /// Rows with one name are one area.
    std::string_view name{};

    /// What `only` and `also` call it.
    std::string_view key() const noexcept { return name.empty() ? path : name; }
};

/// Every folder of core/, plugins/ and apps/ that holds sources.
const std::vector<Area>& floors();

/// The area a file lies in: the row with the longest matching path. `root` is its name, or that
/// path with its `*` segments filled in.
struct Place {
    const Area* area;
    std::string root;
};
std::optional<Place> placeOf(std::string_view file);

}  // namespace oxcache::layering
