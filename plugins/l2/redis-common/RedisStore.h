#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "Beater.h"
#include "Round.h"
#include "Sweeper.h"
#include "oxcache/base/Clock.h"
#include "oxcache/spi/RemoteStore.h"

namespace oxcache::redis {

/// L2 on one or more Redis servers. Plain GET and SET; scripts where something is compared. A read
/// whose connection was lost is sent again, a write only while no byte of it has left. Thread-safe.
class RedisStore final : public spi::RemoteStore {
public:
    RedisStore(const Settings& settings, std::shared_ptr<Topology> topology,
               std::shared_ptr<LaneCounters> laneCounters, Clock& clock, Bytes channel, Log log);
    ~RedisStore() override;

    std::vector<Result<Bytes>> get(std::span<const Key> keys, Deadline deadline) override;
    std::vector<Result<Bytes>> lease(std::span<const Key> keys, const spi::LeaseRequest& request,
                                     Deadline deadline) override;
    std::vector<Result<spi::PutOutcome>> put(std::span<const spi::Put> puts,
                                             Deadline deadline) override;
    Result<std::uint64_t> sweep(Key prefix, std::uint64_t live, Deadline deadline) override;
    Result<std::int64_t> time(Deadline deadline) override;
    std::vector<std::pair<std::string, std::uint64_t>> counters() const override;

private:
    struct PutRound;
    using Items = std::vector<std::size_t>;

    SteadyTime untilOf(Deadline deadline) const;
    void putOnce(PutRound& round, const Items& items, bool whole, SteadyTime until);
    void removeOutright(PutRound& round, const Items& items, SteadyTime until);
    void encode(Round::Part& part, const spi::Put& put, bool whole) const;
    void announce(Round::Part& part) const;
    void takePut(PutRound& round, std::size_t item, const Reply& reply);

    const Settings settings_;
    const std::shared_ptr<LaneCounters> laneCounters_;
    const std::shared_ptr<Topology> topology_;
    Clock& clock_;
    const Bytes channel_;
    const Log log_;
    RoundPool rounds_;
    Sweeper sweeper_;
    std::atomic<std::uint64_t> repeated_{0};
    std::atomic<std::uint64_t> scriptsSent_{0};
    std::atomic<std::uint64_t> unannounced_{0};
    Beater beater_;
};

}  // namespace oxcache::redis
