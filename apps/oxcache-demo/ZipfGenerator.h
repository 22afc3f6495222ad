#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "Random.h"

namespace oxcache::demo {

/// Ranks with Zipf popularity: rank k (from 0) has a weight of 1 / (k + 1)^exponent. Exact to
/// 2^-32 per rank, by the alias method (Vose: A linear algorithm for generating random numbers
/// with a given distribution, 1991): one random number and one table line per rank drawn.
/// Immutable, so thread-safe; each thread brings its own Random.
class ZipfGenerator {
public:
    static constexpr double kMaxExponent = 20;

    /// `ranks` from 1 to 2^32 - 1; `exponent` from 0 (all alike) to kMaxExponent. Throws
    /// Poco::InvalidArgumentException.
    ZipfGenerator(std::size_t ranks, double exponent);

    std::size_t ranks() const noexcept { return columns_.size(); }
    std::uint32_t draw(Random& random) const noexcept {
        const std::uint64_t bits = random.next();
        const auto index = static_cast<std::uint32_t>(((bits >> 32) * columns_.size()) >> 32);
        const Column& column = columns_[index];
        return (bits & 0xffffffffU) < column.share ? index : column.other;
    }

private:
    /// Of each 2^32 draws of this column `share` are its own rank's, the rest the other's.
    struct Column {
        std::uint64_t share = 0;
        std::uint32_t other = 0;
    };
    std::vector<Column> columns_;
};

}  // namespace oxcache::demo
