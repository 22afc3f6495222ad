#pragma once

#include <atomic>
#include <cstdint>

#include "oxcache/base/Clock.h"
#include "oxcache/base/Deadline.h"
#include "oxcache/base/Mutex.h"

namespace oxcache::resilience {

/// Lets operations in until it is closed, and tells when the last has left. Thread-safe.
class Gate {
public:
    /// Holds the gate for one operation; false when it is closed.
    class Pass {
    public:
        explicit Pass(Gate& gate) : gate_(gate), inside_(gate.enter()) {}
        ~Pass() {
            if (inside_) gate_.leave();
        }
        Pass(const Pass&) = delete;
        Pass& operator=(const Pass&) = delete;
        explicit operator bool() const noexcept { return inside_; }

    private:
        Gate& gate_;
        const bool inside_;
    };

    bool closed() const noexcept { return closed_.load(std::memory_order_acquire); }

    /// Lets nobody in any more and waits until all have left; gives how many have not by then.
    std::int64_t close(Clock& clock, Deadline deadline) {
        closed_.store(true);
        MutexLock lock(mutex_);
        while (inside_.load() > 0) {
            if (!clock.waitUntil(changed_, mutex_, deadline.time())) break;
        }
        return inside_.load();
    }

private:
    bool enter() noexcept {
        inside_.fetch_add(1);
        if (!closed_.load()) return true;
        leave();
        return false;
    }
    void leave() noexcept {
        if (inside_.fetch_sub(1) == 1 && closed_.load()) {
            MutexLock lock(mutex_);
            changed_.notifyAll();
        }
    }

    std::atomic<std::int64_t> inside_{0};
    std::atomic<bool> closed_{false};
    Mutex mutex_;
    CondVar changed_;
};

}  // namespace oxcache::resilience
