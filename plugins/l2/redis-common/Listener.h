#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "Hearing.h"
#include "RespParser.h"
#include "Topology.h"
#include "oxcache/base/Mutex.h"

namespace oxcache::redis {

/// Takes what listeners hear. Called by each listener's thread; must not end the caller.
class Ears {
public:
    virtual ~Ears() = default;

    virtual void changes(std::span<const spi::KeyChange> changes) = 0;
    virtual void gap(const std::vector<unsigned>& slotRanges) = 0;
    /// The listener's coverage changed.
    virtual void coverage() = 0;
};

/// Where changes can be heard.
struct ListenPoint {
    /// Tells points apart; a point whose name stays keeps its connection.
    std::string name{};
    Locator locator{};
    /// Where changes are published that are heard here.
    std::vector<Outlet> outlets{};
    /// Which of the 64 ranges of slots are heard here; empty: all.
    std::vector<unsigned> slotRanges{};
};

/// One connection that listens, made again when it is lost, and its thread. Thread-safe.
class Listener {
public:
    Listener(const Settings& settings, ListenPoint point, std::unique_ptr<Hearing> hearing,
             Ears& ears, Log log);
    ~Listener();
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    bool covered() const noexcept { return covered_.load(std::memory_order_acquire); }
    const std::string& name() const noexcept { return point_.name; }

private:
    void run();
    bool running() const;
    bool begin();
    void pause();
    std::string listen();
    std::string receive(std::vector<Reply>& messages, SteadyTime until);
    std::string attend(const std::vector<Reply>& messages);
    SteadyTime deadAt() const;
    std::string keepAlive();
    std::string send(BytesView command);
    void tell(const Heard& heard);
    void lose(const std::string& why);

    const Settings settings_;
    const ListenPoint point_;
    const Connector connector_;
    Ears& ears_;
    const Log log_;
    std::atomic<bool> covered_{false};

    mutable Mutex mutex_;
    CondVar changed_;
    bool running_ OXCACHE_GUARDED_BY(mutex_) = true;
    std::shared_ptr<Transport> transport_ OXCACHE_GUARDED_BY(mutex_);

    // The thread's own.
    const std::unique_ptr<Hearing> hearing_;
    Transport* wire_ = nullptr;
    std::unique_ptr<RespParser> parser_;
    std::vector<char> buffer_;
    bool lostBefore_ = false;
    bool logged_ = false;
    SteadyTime lastRead_{};
    SteadyTime lastPing_{};
    std::thread thread_;
};

}  // namespace oxcache::redis
