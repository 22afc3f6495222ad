#pragma once

#include "Beater.h"
#include "StoreBase.h"
#include "Sweeper.h"

namespace oxcache::redis {

/// L2 on one or more Redis servers, as envelopes. Plain GET and SET; scripts where something is
/// compared. A read whose connection was lost is sent again, a write only while no byte of it has
/// left. Thread-safe.
class RedisStore final : public StoreBase {
public:
    RedisStore(const Settings& settings, std::shared_ptr<Topology> topology,
               std::shared_ptr<LaneCounters> laneCounters, const spi::ExtensionContext& context);
    ~RedisStore() override;

    std::vector<Result<Bytes>> get(std::span<const Key> keys, Deadline deadline) override;
    std::vector<Result<Bytes>> lease(std::span<const Key> keys, const spi::LeaseRequest& request,
                                     Deadline deadline) override;
    std::vector<Result<spi::PutOutcome>> put(std::span<const spi::Put> puts,
                                             Deadline deadline) override;
    Result<std::uint64_t> sweep(Key prefix, std::uint64_t live, Deadline deadline) override;
    std::vector<std::pair<std::string, std::uint64_t>> counters() const override;

private:
    struct LeaseRound;
    struct PutRound;
    using Items = std::vector<std::size_t>;

    void leaseOnce(LeaseRound& round, const Items& items, bool whole, SteadyTime until);
    void putOnce(PutRound& round, const Items* items, bool whole, SteadyTime until);
    void removeOutright(PutRound& round, const Items& items, SteadyTime until);
    static void encode(Round::Part& part, const spi::Put& put, bool whole);
    static void announce(Round::Part& part);
    void takePut(PutRound& round, std::size_t item, const Reply& reply);
    void takePublished(std::span<const Reply> replies);

    Sweeper sweeper_;
    std::atomic<std::uint64_t> scriptsSent_{0};
    std::atomic<std::uint64_t> unannounced_{0};
    Beater beater_;
};

/// A store of the format that the configuration wants.
std::unique_ptr<spi::RemoteStore> makeStore(const Settings& settings,
                                            std::shared_ptr<Topology> topology,
                                            std::shared_ptr<LaneCounters> laneCounters,
                                            const spi::ExtensionContext& context);

/// Where a service's changes are published; no channel where nobody is to hear of them.
Outlet outletOf(const spi::ExtensionContext& context, std::int64_t database);

}  // namespace oxcache::redis
