#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "CommandWriter.h"
#include "Reply.h"
#include "Signal.h"
#include "oxcache/base/Error.h"

namespace oxcache::redis {

/// Commands that go out together, and their replies. Filled by the caller, who then hands it to a
/// Lane; used again and again, so that nothing is allocated on the steady path.
struct Call {
    /// How it ended. NotSent: no byte has left, it may be sent again. Lost: the connection ended
    /// before all replies came, the outcome of the others is unknown. Late: the deadline passed,
    /// and the outcome of what has no reply is unknown. Refused: nothing was sent, and nothing
    /// will be (queue full, closed, deadline passed before).
    enum class End { Replied, NotSent, Lost, Late, Refused };

    // The caller's part.
    Bytes request{};
    std::size_t commands = 0;
    /// True where running it twice is not the same as once: never sent again, and fenced.
    bool writes = false;
    /// Where in `request` the 8 bytes of a message's number lie; filled when the order is known.
    std::vector<std::size_t> numbers{};
    /// True where the numbers repeat the last one instead of drawing new ones.
    bool repeatsNumber = false;

    // The answer.
    End end = End::Refused;
    std::vector<Reply> replies{};
    Error error{};
    /// Which of the lane's connections took it.
    std::uint64_t connection = 0;

    // The lane's part, under its lock.
    bool finished = false;
    /// Its caller sleeps on the signal, or is about to.
    bool waiting = false;
    /// Whoever finished it sets the signal, perhaps a little later.
    bool signalled = false;
    Signal signal{};

    CommandWriter writer() { return CommandWriter(request); }
    void clear() {
        request.clear();
        commands = 0;
        writes = repeatsNumber = finished = waiting = signalled = false;
        numbers.clear();
        replies.clear();
        end = End::Refused;
        error = {};
        connection = 0;
        signal.reset();
    }
    bool replied() const noexcept { return end == End::Replied; }
};

}  // namespace oxcache::redis
