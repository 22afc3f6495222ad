#pragma once

#include "StoreBase.h"
#include "Sweeper.h"

namespace oxcache::redis {

/// L2 on Redis servers as other programs use it: the value alone lies at the key. What is read is
/// wrapped: its version is made of its bytes, its expiry is the server's. Leases are told, not
/// left; a fill is SET NX, a remove DEL, and nothing else that is compared can be kept. Nothing is
/// published: the server itself tells of changes (tracking). Thread-safe.
class RawStore final : public StoreBase {
public:
    RawStore(const Settings& settings, std::shared_ptr<Topology> topology,
             std::shared_ptr<LaneCounters> laneCounters, const spi::ExtensionContext& context);

    std::vector<Result<Bytes>> get(std::span<const Key> keys, Deadline deadline) override;
    std::vector<Result<Bytes>> lease(std::span<const Key> keys, const spi::LeaseRequest& request,
                                     Deadline deadline) override;
    std::vector<Result<spi::PutOutcome>> put(std::span<const spi::Put> puts,
                                             Deadline deadline) override;
    /// Deletes all keys under the prefix; `live` says nothing here.
    Result<std::uint64_t> sweep(Key prefix, std::uint64_t live, Deadline deadline) override;

private:
    Sweeper sweeper_;
};

}  // namespace oxcache::redis
