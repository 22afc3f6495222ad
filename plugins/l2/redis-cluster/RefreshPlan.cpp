#include "RefreshPlan.h"

#include <algorithm>

namespace oxcache::redis {
namespace {

constexpr int kMostDoublings = 3;

Duration times(Duration time, double factor) {
    return std::chrono::duration_cast<Duration>(time * factor);
}

}  // namespace

void RefreshPlan::want(const Claim& claim) {
    for (const Claim& other : claims_)
        if (other.slot == claim.slot && other.owner == claim.owner) return;
    // With so many there is cause enough.
    if (claims_.size() < kMostClaims) claims_.push_back(claim);
}

void RefreshPlan::begin() {
    informed_.clear();
    for (const Claim& claim : claims_) {
        if (informed_.size() == kMostInformed) break;
        if (std::find(informed_.begin(), informed_.end(), claim.owner) == informed_.end())
            informed_.push_back(claim.owner);
    }
    claims_.clear();
    wanted_ = false;
}

void RefreshPlan::end(const SlotMap* map, SteadyTime now, double chance) {
    if (map == nullptr) {
        wanted_ = true;
        failures_ = std::min(failures_ + 1, kMostDoublings);
    } else {
        failures_ = 0;
        std::erase_if(claims_, [&](const Claim& claim) {
            const Endpoint* owner = map->ownerOf(claim.slot);
            return owner != nullptr && *owner == claim.owner;
        });
    }
    earliest_ = now + times(pause_ * (1 << failures_), 1.0 + chance);
    latest_ = now + times(period_, 0.9 + 0.2 * chance);
}

}  // namespace oxcache::redis
