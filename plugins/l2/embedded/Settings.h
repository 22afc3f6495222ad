#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "oxcache/spi/OptionSpec.h"

namespace oxcache::embedded {

/// The plugin's options, as validated values.
struct Settings {
    std::string path;
    std::uint64_t maxBytes = std::uint64_t{256} << 20;
    Duration pollInterval{20};
    Duration busyTimeout{2000};
    Duration sweepInterval{1000};
    std::int64_t changeLog = 16384;
    std::size_t readers = 4;

    static Settings from(const spi::OptionValues& options);
    /// The rows that from() reads.
    static std::vector<spi::OptionSpec> table();

    /// The largest envelope that is taken: half of the file, so that one entry never empties it,
    /// and never more than SQLite can hold in a row.
    std::uint64_t largestEnvelope() const noexcept {
        return std::min(maxBytes / 2, std::uint64_t{512} << 20);
    }
};

}  // namespace oxcache::embedded
