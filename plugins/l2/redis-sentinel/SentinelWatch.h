#pragma once

#include <functional>
#include <memory>
#include <thread>

#include "../redis-common/Topology.h"
#include "SentinelResolver.h"

namespace oxcache::redis {

/// Listens to a sentinel for +switch-master, and asks all of them now and then. What it hears is a
/// hint only: who connects asks for himself. One thread. Thread-safe.
class SentinelWatch {
public:
    /// Called from the watch's thread, one at a time.
    using OnMaster = std::function<void(const Endpoint&)>;
    using OnPoll = std::function<void(const SentinelResolver::Poll&)>;

    SentinelWatch(std::shared_ptr<SentinelResolver> resolver, Duration pace, Log log);
    ~SentinelWatch();

    /// `onMaster` hears where the master is said to be, again and again; `onPoll` what all said.
    void start(OnMaster onMaster, OnPoll onPoll);
    /// Ends and joins. May be called twice.
    void stop() noexcept;

private:
    void run();
    bool running() const;
    void pause();
    bool subscribe();
    void listen();
    void ask();
    void hear(const Reply& message);
    void note(const std::string& problem);

    const std::shared_ptr<SentinelResolver> resolver_;
    const Duration pace_;
    const Log log_;
    OnMaster onMaster_;
    OnPoll onPoll_;
    std::thread thread_;
    mutable Mutex mutex_;
    CondVar changed_;
    bool running_ OXCACHE_GUARDED_BY(mutex_) = false;
    std::unique_ptr<Dialogue> dialogue_ OXCACHE_GUARDED_BY(mutex_);

    // The thread's own.
    Dialogue* talk_ = nullptr;
    bool silent_ = false;
    SteadyTime nextPoll_{};
};

}  // namespace oxcache::redis
