#pragma once

#include <map>
#include <string>

#include "Counters.h"
#include "Housekeeper.h"
#include "Outages.h"
#include "ReadLane.h"
#include "Settings.h"
#include "StoreFile.h"
#include "WriteLane.h"
#include "oxcache/spi/RemoteStore.h"

namespace oxcache::embedded {

/// L2 in one SQLite file, shared by the processes of a machine. Store time is the machine's wall
/// clock. Thread-safe.
class EmbeddedStore final : public spi::RemoteStore {
public:
    EmbeddedStore(const Settings& settings, Clock& clock, const Log& log);

    std::vector<Result<Bytes>> get(std::span<const Key> keys, Deadline deadline) override;
    std::vector<Result<Bytes>> lease(std::span<const Key> keys, const spi::LeaseRequest& request,
                                     Deadline deadline) override;
    std::vector<Result<spi::PutOutcome>> put(std::span<const spi::Put> puts,
                                             Deadline deadline) override;
    Result<std::uint64_t> sweep(Key prefix, std::uint64_t live, Deadline deadline) override;
    Result<std::int64_t> time(Deadline deadline) override;
    std::vector<std::pair<std::string, std::uint64_t>> counters() const override;

private:
    struct SweepPlace {
        std::uint64_t live = 0;
        std::string next;
    };

    using Outcomes = std::vector<Result<spi::PutOutcome>>;
    struct Part {
        std::vector<std::size_t> places;
        std::size_t bytes = 0;
    };

    Part takePart(std::span<const spi::Put> puts, std::size_t& next, Outcomes& answers);
    Result<void> write(std::size_t bytes, Deadline deadline, FunctionRef<void(Writer&)> apply);
    std::optional<Result<spi::PutOutcome>> answeredAlready(const spi::Put& put);
    std::string sweepFrom(const std::string& prefix, std::uint64_t live);
    void sweepTo(const std::string& prefix, std::uint64_t live, std::string next);
    void keepHouse();
    void deleteExpired();
    void returnPages();

    const Settings settings_;
    Clock& clock_;
    Counters counters_;
    StoreFile file_;
    Outages outages_;
    ReadLane reads_;
    WriteLane writes_;
    std::atomic<bool> writesFail_{false};
    Mutex mutex_;
    std::map<std::string, SweepPlace, std::less<>> sweeps_ OXCACHE_GUARDED_BY(mutex_);
    // Last: its thread uses all of the above.
    Housekeeper housekeeper_;
};

}  // namespace oxcache::embedded
