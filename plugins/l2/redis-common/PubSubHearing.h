#pragma once

#include "Hearing.h"
#include "StreamBook.h"
#include "Topology.h"

namespace oxcache::redis {

/// Hears what processes publish with their puts. Covered from one beat after the subscription on:
/// by then every stream that lives has said its number, so that no loss goes unnoticed.
class PubSubHearing final : public Hearing {
public:
    /// Listens at all the outlets.
    PubSubHearing(const Settings& settings, std::vector<Outlet> outlets);

    Bytes begin(const Connection& connection, SteadyTime now) override;
    std::string hear(const Reply& message, SteadyTime now, Heard& heard) override;
    void tick(SteadyTime now, Heard& heard) override;
    SteadyTime due() const override { return std::min(coverAt_, book_.due()); }

private:
    const Duration settling_;
    const std::vector<Outlet> outlets_;
    StreamBook book_;
    /// Confirmations that have not come yet.
    std::size_t awaited_ = 0;
    SteadyTime coverAt_ = SteadyTime::max();
};

}  // namespace oxcache::redis
