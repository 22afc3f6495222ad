#pragma once

#include <functional>
#include <thread>

#include "oxcache/base/Clock.h"
#include "oxcache/base/Mutex.h"

namespace oxcache::embedded {

/// A thread that does a piece of work every interval, from construction to destruction.
class Housekeeper {
public:
    Housekeeper(Clock& clock, Duration interval, std::function<void()> work);
    ~Housekeeper();
    Housekeeper(const Housekeeper&) = delete;
    Housekeeper& operator=(const Housekeeper&) = delete;

private:
    void run();

    Clock& clock_;
    const Duration interval_;
    const std::function<void()> work_;
    Mutex mutex_;
    CondVar changed_;
    bool stopping_ OXCACHE_GUARDED_BY(mutex_) = false;
    std::thread thread_;
};

}  // namespace oxcache::embedded
