#pragma once

#include <memory>
#include <thread>

#include "ChangeReader.h"
#include "Settings.h"
#include "StoreFile.h"
#include "oxcache/base/Mutex.h"
#include "oxcache/spi/InvalidationBus.h"

namespace oxcache::embedded {

/// The bus of the embedded store: reads the change log that the puts write in their own
/// transactions, whenever a poll sees that the file has changed. Thread-safe.
class ChangeLogBus final : public spi::InvalidationBus {
public:
    ChangeLogBus(const Settings& settings, Clock& clock, const Log& log);
    ~ChangeLogBus() override;

    Result<void> start(spi::BusListener& listener) override;
    void stop() noexcept override;
    Duration stalenessBound() const noexcept override;

private:
    void run(spi::BusListener& listener);
    void poll(spi::BusListener& listener);
    void connect(spi::BusListener& listener);
    void deliver(spi::BusListener& listener);
    void disconnect(spi::BusListener& listener, const std::string& why, bool passing);

    const Settings settings_;
    Clock& clock_;
    const Log log_;
    StoreFile file_;

    Mutex control_;  // held by start and stop, so that they do not overlap
    std::thread thread_ OXCACHE_GUARDED_BY(control_);
    Mutex mutex_;
    CondVar changed_;
    bool running_ OXCACHE_GUARDED_BY(mutex_) = false;
    // The thread's own.
    std::unique_ptr<ChangeReader> reader_;
    bool lost_ = false;
    bool logged_ = false;
    /// In a row.
    int busyPolls_ = 0;
};

}  // namespace oxcache::embedded
