#pragma once

#include <cstdint>
#include <map>
#include <set>

#include "Announcement.h"
#include "oxcache/base/Clock.h"

namespace oxcache::redis {

/// Finds out from the numbers of messages whether one was lost. A state machine; time is given to
/// it. Not thread-safe.
class StreamBook {
public:
    StreamBook(Duration beat, Duration reorder) : beat_(beat), reorder_(reorder) {}

    /// A message was heard. True: messages of its stream were lost.
    bool heard(const Announcement& message, SteadyTime now);
    /// Time passed. True: a missing message is overdue, or a stream fell silent without goodbye.
    bool tick(SteadyTime now);
    /// When tick() has something to do at the earliest; `never` when nothing is open.
    SteadyTime due() const;
    /// From now on a stream that is first heard in its middle has lost messages; before, its
    /// beginning lies before ours.
    void settle() noexcept { settled_ = true; }
    /// Everything begins anew.
    void forget() noexcept;

private:
    struct Stream {
        std::uint64_t next = 1;         // the first number not heard
        std::uint64_t highest = 0;      // that is known to exist
        std::set<std::uint64_t> ahead;  // heard, above a hole
        SteadyTime holeSince{};
        SteadyTime lastHeard{};

        bool hole() const noexcept { return next <= highest; }
    };

    static constexpr int kMissedBeats = 3;
    static void advance(Stream& stream);

    const Duration beat_;
    const Duration reorder_;
    bool settled_ = false;
    std::map<std::uint64_t, Stream> streams_;
};

}  // namespace oxcache::redis
