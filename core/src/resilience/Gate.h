#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "base/ThreadStripe.h"
#include "oxcache/base/Clock.h"
#include "oxcache/base/Deadline.h"
#include "oxcache/base/Mutex.h"

namespace oxcache::resilience {

/// Lets operations in until it is closed, and tells when the last has left. Threads that pass it
/// do not meet at a cache line. Thread-safe; outlives its passes.
class Gate {
    struct Stripe;

public:
    /// Holds the gate for one operation; false when it is closed. Ends on the thread it began on or
    /// on another.
    class Pass {
    public:
        explicit Pass(Gate& gate) : gate_(gate), stripe_(gate.enter()) {}
        ~Pass() {
            if (stripe_ != nullptr) gate_.leave(*stripe_);
        }
        Pass(const Pass&) = delete;
        Pass& operator=(const Pass&) = delete;
        explicit operator bool() const noexcept { return stripe_ != nullptr; }

    private:
        Gate& gate_;
        Stripe* const stripe_;
    };

    bool closed() const noexcept { return closed_.load(std::memory_order_acquire); }

    /// Lets nobody in any more and waits until all have left; gives how many have not by then. May
    /// be called again.
    std::int64_t close(Clock& clock, Deadline deadline) {
        closed_.store(true, std::memory_order_seq_cst);
        MutexLock lock(mutex_);
        std::int64_t left = inside();
        for (bool late = false; left > 0 && !late; left = inside())
            late = !clock.waitUntil(changed_, mutex_, deadline.time());
        return left;
    }

private:
    struct alignas(64) Stripe {
        std::atomic<std::int64_t> inside{0};
    };

    std::int64_t inside() const noexcept {
        std::int64_t sum = 0;
        for (const Stripe& each : stripes_) sum += each.inside.load(std::memory_order_seq_cst);
        return sum;
    }
    // Counted first, then looked whether it is closed; who closes it does so first and then looks
    // who is counted: one of the two sees the other. Who comes to a closed gate is not counted even
    // for a moment, or callers that keep knocking would look like operations that do not end; only
    // who came as it closed is, until he has been turned away.
    Stripe* enter() noexcept {
        if (closed()) return nullptr;
        Stripe& mine = stripes_[threadStripe()];
        mine.inside.fetch_add(1, std::memory_order_seq_cst);
        if (!closed_.load(std::memory_order_seq_cst)) [[likely]]
            return &mine;
        leave(mine);
        return nullptr;
    }
    void leave(Stripe& mine) noexcept {
        mine.inside.fetch_sub(1, std::memory_order_seq_cst);
        if (!closed_.load(std::memory_order_seq_cst)) [[likely]]
            return;
        MutexLock lock(mutex_);
        changed_.notifyAll();
    }

    std::array<Stripe, kThreadStripes> stripes_;
    alignas(64) std::atomic<bool> closed_{false};
    Mutex mutex_;
    CondVar changed_;
};

}  // namespace oxcache::resilience
