#pragma once

#include <cstddef>

#include "oxcache/base/Mutex.h"

namespace oxcache::testing {

/// A sequence point: callers that reach pass() wait there until the test opens the gate.
/// Thread-safe. Once open it stays open.
class CallGate {
public:
    /// For the code under test: arrives and waits until open.
    void pass() {
        MutexLock lock(mutex_);
        ++arrived_;
        changed_.notifyAll();
        while (!open_) changed_.wait(mutex_);
    }
    /// For the test: returns when `count` callers have arrived.
    void awaitArrivals(std::size_t count = 1) {
        MutexLock lock(mutex_);
        while (arrived_ < count) changed_.wait(mutex_);
    }
    void open() {
        MutexLock lock(mutex_);
        open_ = true;
        changed_.notifyAll();
    }
    std::size_t arrivals() const {
        MutexLock lock(mutex_);
        return arrived_;
    }

private:
    mutable Mutex mutex_;
    CondVar changed_;
    std::size_t arrived_ OXCACHE_GUARDED_BY(mutex_) = 0;
    bool open_ OXCACHE_GUARDED_BY(mutex_) = false;
};

}  // namespace oxcache::testing
