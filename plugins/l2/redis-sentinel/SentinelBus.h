#pragma once

#include <functional>
#include <memory>

#include "SentinelWatch.h"
#include "oxcache/spi/InvalidationBus.h"

namespace oxcache::redis {

/// Passes on what a bus hears, one call at a time; covers only while the bus does and the master it
/// listens to is confirmed. Thread-safe.
class CoverageGate final : public spi::BusListener {
public:
    /// `inner`, `confirmed`: what is known at the beginning.
    CoverageGate(spi::BusListener& listener, bool confirmed)
        : listener_(listener), confirmed_(confirmed) {}

    void onChanges(std::span<const spi::KeyChange> changes) override;
    void onGap(std::optional<unsigned> slotRange) override;
    void onCoverage(bool covered) override;
    void confirmed(bool confirmed);

private:
    void tell() OXCACHE_REQUIRES(mutex_);

    spi::BusListener& listener_;
    Mutex mutex_;
    bool inner_ OXCACHE_GUARDED_BY(mutex_) = false;
    bool confirmed_ OXCACHE_GUARDED_BY(mutex_);
    bool told_ OXCACHE_GUARDED_BY(mutex_) = false;
    bool toldBefore_ OXCACHE_GUARDED_BY(mutex_) = false;
};

/// A bus at the master that sentinels name: follows it, and trusts it only while a majority
/// confirms it (`sentinel.confirm`). Thread-safe.
class SentinelBus final : public spi::InvalidationBus {
public:
    /// Makes the bus that listens where the locator says.
    using Make = std::function<std::unique_ptr<spi::InvalidationBus>(Locator)>;

    SentinelBus(const SentinelSettings& settings, const Make& make, const Log& log);
    ~SentinelBus() override;

    Result<void> start(spi::BusListener& listener) override;
    void stop() noexcept override;
    Duration stalenessBound() const noexcept override { return inner_->stalenessBound(); }

private:
    Result<Endpoint> locate(SteadyTime until);
    void follow(const Endpoint& master);
    void judge(const SentinelResolver::Poll& poll);
    std::string used() const;

    const Duration confirm_;
    const std::shared_ptr<SentinelResolver> resolver_;
    SentinelWatch watch_;
    const std::unique_ptr<spi::InvalidationBus> inner_;
    Mutex control_;  // held by start and stop, so that they do not overlap
    std::unique_ptr<CoverageGate> gate_ OXCACHE_GUARDED_BY(control_);
    mutable Mutex mutex_;
    std::string used_ OXCACHE_GUARDED_BY(mutex_);

    // The watch's thread's own.
    CoverageGate* open_ = nullptr;
    std::unique_ptr<Confirmation> confirmation_;
};

}  // namespace oxcache::redis
