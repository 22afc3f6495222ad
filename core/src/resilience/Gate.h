#pragma once

#include <atomic>
#include <cstdint>

#include "oxcache/base/Clock.h"
#include "oxcache/base/Deadline.h"
#include "oxcache/base/Mutex.h"

namespace oxcache::resilience {

/// Lets operations in until it is closed, and tells when the last has left. Thread-safe; outlives
/// its passes.
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

    bool closed() const noexcept { return (state_.load(std::memory_order_acquire) & kClosed) != 0; }

    /// Lets nobody in any more and waits until all have left; gives how many have not by then. May
    /// be called again.
    std::int64_t close(Clock& clock, Deadline deadline) {
        state_.fetch_or(kClosed, std::memory_order_acq_rel);
        MutexLock lock(mutex_);
        while (inside() > 0) {
            if (!clock.waitUntil(changed_, mutex_, deadline.time())) break;
        }
        return inside();
    }

private:
    static constexpr std::uint64_t kClosed = std::uint64_t{1} << 63;

    std::int64_t inside() const noexcept {
        return static_cast<std::int64_t>(state_.load(std::memory_order_acquire) & ~kClosed);
    }
    // Nobody who is turned away is counted on the way: callers that keep knocking at a closed gate
    // must not look like operations that do not end.
    bool enter() noexcept {
        std::uint64_t state = state_.load(std::memory_order_relaxed);
        do {
            if ((state & kClosed) != 0) return false;
        } while (!state_.compare_exchange_weak(state, state + 1, std::memory_order_acq_rel,
                                               std::memory_order_relaxed));
        return true;
    }
    void leave() noexcept {
        if (state_.fetch_sub(1, std::memory_order_acq_rel) != (kClosed | 1)) return;
        MutexLock lock(mutex_);
        changed_.notifyAll();
    }

    /// How many are inside, and whether it is closed.
    std::atomic<std::uint64_t> state_{0};
    Mutex mutex_;
    CondVar changed_;
};

}  // namespace oxcache::resilience
