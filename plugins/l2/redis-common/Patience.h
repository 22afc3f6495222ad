#pragma once

#include <cstdint>
#include <optional>

#include "oxcache/base/Clock.h"

namespace oxcache::redis {

/// How often, and after which pauses, commands are sent again that were not done: connections that
/// ended, nodes that named another node, servers that want to be asked later. A state machine; time
/// and chance are given to it. Not thread-safe.
class Patience {
public:
    static constexpr int kLosses = 3;
    static constexpr int kRedirections = 5;
    static constexpr Duration kFirstPause{10};
    static constexpr Duration kLongestPause{200};

    /// Whether one more round may be made for the cause; asking counts.
    bool afterLoss() noexcept { return ++losses_ < kLosses; }
    bool afterRedirection() noexcept { return ++redirections_ <= kRedirections; }

    /// How long to wait before a server is asked again that said `later`: 10 ms, doubled each time,
    /// more or less a half of it by `chance` (0 to 1). Nothing where the deadline comes first.
    std::optional<Duration> pause(SteadyTime now, SteadyTime until, double chance) noexcept {
        Duration full = kFirstPause * (1 << (pauses_ < 5 ? pauses_ : 5));
        if (full > kLongestPause) full = kLongestPause;
        const auto jittered = std::chrono::duration_cast<Duration>(full * (0.5 + chance));
        if (now + jittered >= until) return std::nullopt;
        ++pauses_;
        return jittered;
    }

private:
    int losses_ = 0;
    int redirections_ = 0;
    int pauses_ = 0;
};

}  // namespace oxcache::redis
