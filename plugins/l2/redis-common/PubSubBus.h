#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "Connector.h"
#include "RespParser.h"
#include "StreamBook.h"
#include "Topology.h"
#include "oxcache/base/Mutex.h"
#include "oxcache/spi/InvalidationBus.h"

namespace oxcache::redis {

/// Hears by Pub/Sub what processes publish with their puts. One thread, one connection. Covered
/// from one beat after the subscription on: by then every stream that lives has said its number, so
/// that no loss goes unnoticed. Thread-safe.
class PubSubBus final : public spi::InvalidationBus {
public:
    PubSubBus(const Settings& settings, Locator locator, Bytes channel, Log log);
    ~PubSubBus() override;

    Result<void> start(spi::BusListener& listener) override;
    void stop() noexcept override;
    Duration stalenessBound() const noexcept override;

private:
    void run(spi::BusListener& listener);
    bool running() const;
    bool subscribe();
    void pause();
    std::string listen(spi::BusListener& listener);
    std::string receive(std::vector<Reply>& messages, SteadyTime until);
    std::string attend(std::vector<Reply>& messages, spi::BusListener& listener);
    std::string keepAlive();
    std::string send(BytesView command);
    void lose(const std::string& why, spi::BusListener& listener);

    const Settings settings_;
    const Connector connector_;
    const Bytes channel_;
    const Log log_;

    Mutex control_;  // held by start and stop, so that they do not overlap
    std::thread thread_ OXCACHE_GUARDED_BY(control_);
    mutable Mutex mutex_;
    CondVar changed_;
    bool running_ OXCACHE_GUARDED_BY(mutex_) = false;
    std::shared_ptr<Transport> transport_ OXCACHE_GUARDED_BY(mutex_);

    // The thread's own.
    Transport* wire_ = nullptr;
    std::unique_ptr<RespParser> parser_;
    std::vector<char> buffer_;
    StreamBook book_;
    bool subscribed_ = false;  // the server confirmed
    bool covered_ = false;
    bool lostBefore_ = false;
    bool logged_ = false;
    SteadyTime coverAt_{};
    SteadyTime lastRead_{};
    SteadyTime lastPing_{};
};

}  // namespace oxcache::redis
