#include "coherence/InvalidationSubscriber.h"

#include <algorithm>
#include <utility>

namespace oxcache::coherence {

InvalidationSubscriber::InvalidationSubscriber(std::string keyPrefix,
                                               std::vector<std::string> markers,
                                               std::uint64_t origin, EpochTable& epochs,
                                               InvalidationTarget& target)
    : keyPrefix_(std::move(keyPrefix)),
      markers_(std::move(markers)),
      origin_(origin),
      epochs_(epochs),
      target_(target) {}

void InvalidationSubscriber::onChanges(std::span<const spi::KeyChange> changes) {
    for (const spi::KeyChange& change : changes) {
        if (change.version.origin == origin_) continue;
        if (std::find(markers_.begin(), markers_.end(), change.key) != markers_.end()) {
            target_.cleared();
        } else if (change.key.starts_with(keyPrefix_)) {
            target_.invalidate(change.key.substr(keyPrefix_.size()), change.version);
        }
    }
}

// Doubt before the epoch moves: what is read from L2 under the new epoch stays in L1, so it must
// not be judged by a clear's marker as it was known before.
void InvalidationSubscriber::onGap(std::optional<unsigned> slotRange) {
    target_.doubt();
    epochs_.advance(holdsMarker(slotRange) ? std::nullopt : slotRange);
}

// A clear concerns the keys of all ranges.
bool InvalidationSubscriber::holdsMarker(std::optional<unsigned> slotRange) const {
    return std::any_of(markers_.begin(), markers_.end(), [&](const std::string& marker) {
        return EpochTable::rangeOf(marker) == slotRange;
    });
}

// Both edges are gaps: what was missed around them is not known. The state changes first, so that
// nothing is admitted under the later epoch with the former state's life.
void InvalidationSubscriber::onCoverage(bool covered) {
    epochs_.setCovered(covered);
    onGap(std::nullopt);
}

}  // namespace oxcache::coherence
