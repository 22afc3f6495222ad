#pragma once

#include <string>
#include <vector>

#include "Connector.h"
#include "oxcache/spi/InvalidationBus.h"

namespace oxcache::redis {

/// What became of the messages that came together.
struct Heard {
    /// Keys point into the messages.
    std::vector<spi::KeyChange> changes{};
    /// Something was lost, or cannot be told.
    bool lost = false;
    /// From here on nothing is lost unnoticed; said once per connection.
    bool covered = false;
};

/// What is said and understood on a connection that listens. A state machine; time is given to it.
/// Not thread-safe.
class Hearing {
public:
    virtual ~Hearing() = default;

    /// Begins anew on a fresh connection; gives the commands to be sent.
    virtual Bytes begin(const Connection& connection, SteadyTime now) = 0;
    /// One message; says why the connection has to end, if it has.
    virtual std::string hear(const Reply& message, SteadyTime now, Heard& heard) = 0;
    /// Time passed.
    virtual void tick(SteadyTime now, Heard& heard) = 0;
    /// When tick() has something to do at the earliest; SteadyTime::max() when nothing is open.
    virtual SteadyTime due() const = 0;
};

}  // namespace oxcache::redis
