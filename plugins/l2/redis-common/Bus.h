#pragma once

#include <memory>
#include <thread>
#include <vector>

#include "Listener.h"

namespace oxcache::redis {

/// Where to listen now: what the plugins differ in. Thread-safe.
using ListenPlan = std::function<std::vector<ListenPoint>()>;
/// Which of the 64 ranges of slots changed hands since the last question. Thread-safe.
using MovedRanges = std::function<std::vector<unsigned>()>;

/// Tells of changes: a listener at every point of the plan, which is looked at once a beat. A plan
/// that changed is a gap, and so is a range of slots that moved, for itself. Covered while every
/// listener is. Thread-safe.
class Bus final : public spi::InvalidationBus, private Ears {
public:
    using HearingFactory = std::function<std::unique_ptr<Hearing>(const ListenPoint&)>;

    Bus(const Settings& settings, ListenPlan plan, MovedRanges moved, HearingFactory hearing,
        Duration bound, Log log);
    ~Bus() override;

    Result<void> start(spi::BusListener& listener) override;
    void stop() noexcept override;
    Duration stalenessBound() const noexcept override { return bound_; }

private:
    void run();
    void follow(std::vector<ListenPoint> points);
    void changes(std::span<const spi::KeyChange> changes) override;
    void gap(const std::vector<unsigned>& slotRanges) override;
    void coverage() override;
    void weigh() OXCACHE_REQUIRES(mutex_);

    const Settings settings_;
    const ListenPlan plan_;
    const MovedRanges moved_;
    const HearingFactory hearing_;
    const Duration bound_;
    const Log log_;

    Mutex control_;  // held by start and stop, so that they do not overlap
    std::thread thread_ OXCACHE_GUARDED_BY(control_);

    Mutex mutex_;  // held while the listener is called
    CondVar changed_;
    bool running_ OXCACHE_GUARDED_BY(mutex_) = false;
    bool covered_ OXCACHE_GUARDED_BY(mutex_) = false;
    spi::BusListener* listener_ OXCACHE_GUARDED_BY(mutex_) = nullptr;
    std::vector<std::unique_ptr<Listener>> listeners_ OXCACHE_GUARDED_BY(mutex_);
};

/// A bus as the configuration wants it: tracking where `coherence` says so, else what processes
/// publish.
std::unique_ptr<spi::InvalidationBus> makeBus(
    const Settings& settings, ListenPlan plan, const spi::ExtensionContext& context,
    MovedRanges moved = [] { return std::vector<unsigned>(); });

}  // namespace oxcache::redis
