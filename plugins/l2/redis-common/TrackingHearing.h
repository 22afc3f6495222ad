#pragma once

#include <vector>

#include "Hearing.h"

namespace oxcache::redis {

/// Hears from the server itself which keys changed, whoever changed them (CLIENT TRACKING in BCAST
/// mode). With RESP3 as pushes; with RESP2 by a redirection of the connection to itself. Covered as
/// soon as the server has confirmed. FLUSHALL is a loss of everything.
class TrackingHearing final : public Hearing {
public:
    explicit TrackingHearing(std::vector<std::string> prefixes);

    Bytes begin(const Connection& connection, SteadyTime now) override;
    std::string hear(const Reply& message, SteadyTime now, Heard& heard) override;
    void tick(SteadyTime now, Heard& heard) override;
    SteadyTime due() const override { return SteadyTime::max(); }

private:
    static void changed(const Reply& keys, Heard& heard);

    const std::vector<std::string> prefixes_;
    /// Confirmations that have not come yet.
    int awaited_ = 0;
    bool told_ = false;
};

/// The least set of prefixes that covers all of these: servers refuse those that overlap.
std::vector<std::string> prefixesOf(const std::string& keyPrefix,
                                    const std::vector<std::string>& markers);

}  // namespace oxcache::redis
