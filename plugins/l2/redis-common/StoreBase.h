#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "Exchange.h"
#include "oxcache/base/Clock.h"
#include "oxcache/spi/RemoteStore.h"

namespace oxcache::redis {

/// What stores of every format do alike. Thread-safe.
class StoreBase : public spi::RemoteStore, private spi::CommandPort {
public:
    StoreBase(const Settings& settings, std::shared_ptr<Topology> topology,
              std::shared_ptr<LaneCounters> laneCounters, const spi::ExtensionContext& context);

    Result<std::int64_t> time(Deadline deadline) override;
    std::vector<std::pair<std::string, std::uint64_t>> counters() const override;
    spi::CommandPort* commandPort() noexcept override { return this; }

protected:
    SteadyTime untilOf(Deadline deadline) const;
    static Error tooLate();
    static Error unexpected(const Reply& reply);
    /// The store forgets at once what has expired before the epoch.
    static std::int64_t expiryOf(std::int64_t expiresMs) {
        return std::max<std::int64_t>(expiresMs, 1);
    }
    template <class T>
    static std::vector<Result<T>> allFailed(std::size_t count, const Error& error) {
        return std::vector<Result<T>>(count, Result<T>(error));
    }

private:
    Result<CommandReply> command(std::span<const BytesView> arguments, Deadline deadline) override;

protected:
    const Settings settings_;
    const std::shared_ptr<LaneCounters> laneCounters_;
    const std::shared_ptr<Topology> topology_;
    Clock& clock_;
    const Log log_;
    RoundPool rounds_;
    std::atomic<std::uint64_t> repeated_{0};
    std::atomic<std::uint64_t> swept_{0};
};

}  // namespace oxcache::redis
