#pragma once

#include "Hearing.h"
#include "StreamBook.h"

namespace oxcache::redis {

/// Hears what processes publish with their puts. Covered from one beat after the subscription on:
/// by then every stream that lives has said its number, so that no loss goes unnoticed.
class PubSubHearing final : public Hearing {
public:
    /// `subscribe` is SUBSCRIBE or SSUBSCRIBE.
    PubSubHearing(const Settings& settings, Bytes subscribe, Bytes channel);

    Bytes begin(const Connection& connection, SteadyTime now) override;
    std::string hear(const Reply& message, SteadyTime now, Heard& heard) override;
    void tick(SteadyTime now, Heard& heard) override;
    SteadyTime due() const override { return std::min(coverAt_, book_.due()); }

private:
    const Duration settling_;
    const Bytes subscribe_;
    const Bytes channel_;
    StreamBook book_;
    bool subscribed_ = false;
    SteadyTime coverAt_ = SteadyTime::max();
};

}  // namespace oxcache::redis
