#pragma once

#include <vector>

#include "SlotMap.h"
#include "oxcache/base/Clock.h"

namespace oxcache::redis {

/// When the map is asked for: at once for the first cause, then not before a pause, however many
/// causes there are, and now and then without any. A state machine; time and chance (0 to 1) are
/// given to it. Not thread-safe.
class RefreshPlan {
public:
    /// Somebody said that this node serves the slot.
    struct Claim {
        Slot slot = 0;
        Endpoint owner{};
    };

    RefreshPlan(Duration period, Duration pause) : period_(period), pause_(pause) {}

    /// A cause without further knowledge: a node that does not answer, slots that nobody serves.
    void want() noexcept { wanted_ = true; }
    /// A redirection. Claims that come while the map is being asked for are settled by it.
    void want(const Claim& claim);
    /// When to ask.
    SteadyTime next() const noexcept { return wanted_ || !claims_.empty() ? earliest_ : latest_; }
    /// Who is said to know more, while asking; not more than a few.
    const std::vector<Endpoint>& informed() const noexcept { return informed_; }

    void begin();
    /// `map`: what there is now; null: nobody answered.
    void end(const SlotMap* map, SteadyTime now, double chance);

private:
    static constexpr std::size_t kMostClaims = 64;
    static constexpr std::size_t kMostInformed = 2;

    const Duration period_;
    const Duration pause_;
    bool wanted_ = true;
    std::vector<Claim> claims_;
    std::vector<Endpoint> informed_;
    int failures_ = 0;
    SteadyTime earliest_{};
    SteadyTime latest_{};
};

}  // namespace oxcache::redis
