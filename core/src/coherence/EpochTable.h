#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>

#include "oxcache/base/Bytes.h"
#include "oxcache/base/Clock.h"
#include "oxcache/base/Export.h"

namespace oxcache::coherence {

/// How far L1 may be trusted, by range of the store's slots. A gap in what the bus delivers moves
/// the epoch of the range; entries admitted under an older one are confirmed before they are
/// served. An entry's stamp holds range and epoch, so that the check is one load and one compare.
/// Thread-safe.
class OXCACHE_INTERNAL EpochTable {
public:
    static constexpr unsigned kRanges = 64;

    EpochTable();

    /// The stamp of entries whose trust does not depend on messages: current for ever. 0, so that
    /// they need not hold it.
    static constexpr std::uint32_t none() noexcept { return 0; }

    /// The range of a physical key: by Redis Cluster's slot of it, 256 slots a range.
    static unsigned rangeOf(Key physicalKey) noexcept;

    /// The present stamp of a range, to be kept with an entry; moves with every gap.
    const std::atomic<std::uint32_t>& stamp(unsigned range) const noexcept {
        return stamps_[1 + range % kRanges];
    }
    bool current(std::uint32_t entryStamp) const noexcept {
        return stamps_[entryStamp >> kEpochBits].load(std::memory_order_acquire) == entryStamp;
    }

    /// Begins a new epoch in a range, or in all; an unknown range stands for all.
    void advance(std::optional<unsigned> range) noexcept;

    /// False from the loss of the bus until its confirmed return: nothing admitted meanwhile may
    /// live longer than the configured staleness.
    bool covered() const noexcept { return covered_.load(std::memory_order_acquire); }
    void setCovered(bool covered) noexcept { covered_.store(covered, std::memory_order_release); }

private:
    static constexpr unsigned kEpochBits = 25;
    /// The first one is nobody's and never moves; then one per range.
    std::array<std::atomic<std::uint32_t>, kRanges + 1> stamps_;
    std::atomic<bool> covered_{true};
};

}  // namespace oxcache::coherence
