#pragma once

#include <set>
#include <string>
#include <vector>

#include "oxcache/base/Export.h"
#include "oxcache/spi/OptionSpec.h"

namespace oxcache::config {

/// A row of a table at a place: `routes.*.match` gives one for each name the user chose.
struct Option {
    /// As OptionValues names it (`routes.users.match`), and with the table's prefix before it.
    std::string name;
    std::string key;
    const spi::OptionSpec* spec;
};

/// The options that a row stands for, given the keys that are set. A `*` in the last place stands
/// for the names present there; elsewhere for the groups in which anything is set.
OXCACHE_INTERNAL std::vector<Option> optionsOf(const spi::OptionSpec& spec,
                                               const std::string& prefix,
                                               const std::set<std::string>& keys);

/// The row's key with each `*` replaced by the segment that stands there in `key`; where `key` has
/// none, the `*` stays.
OXCACHE_INTERNAL std::string likeliestKey(const std::string& pattern, const std::string& key);

/// Segments between dots.
OXCACHE_INTERNAL std::vector<std::string> segments(const std::string& key);

}  // namespace oxcache::config
