#pragma once

#include <string>
#include <vector>

#include "coherence/EpochTable.h"
#include "oxcache/base/Export.h"
#include "oxcache/base/Version.h"
#include "oxcache/spi/InvalidationBus.h"

namespace oxcache::coherence {

/// What the subscriber drives: L1, and the judgement of clears. Called on the bus's thread.
class InvalidationTarget {
public:
    virtual ~InvalidationTarget() = default;

    /// The key changed elsewhere; a copy that bears exactly `version` may stay.
    virtual void invalidate(Key key, const Version& version) = 0;
    /// Somebody cleared the service.
    virtual void cleared() = 0;
    /// Messages may have been lost; what is known of clears must be asked for again. Said before
    /// the epoch moves.
    virtual void doubt() = 0;
};

/// Turns what a bus hears into invalidations of one service: physical keys under its prefix become
/// its own keys, its own puts are passed over, gaps move epochs. Thread-safe as a BusListener.
class OXCACHE_INTERNAL InvalidationSubscriber final : public spi::BusListener {
public:
    /// `markers` are the physical keys whose change means a clear.
    InvalidationSubscriber(std::string keyPrefix, std::vector<std::string> markers,
                           std::uint64_t origin, EpochTable& epochs, InvalidationTarget& target);

    void onChanges(std::span<const spi::KeyChange> changes) override;
    void onGap(std::optional<unsigned> slotRange) override;
    void onCoverage(bool covered) override;

private:
    bool holdsMarker(std::optional<unsigned> slotRange) const;

    const std::string keyPrefix_;
    const std::vector<std::string> markers_;
    const std::uint64_t origin_;
    EpochTable& epochs_;
    InvalidationTarget& target_;
};

}  // namespace oxcache::coherence
