#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <utility>

#include "oxcache/base/Clock.h"
#include "oxcache/base/Deadline.h"
#include "oxcache/base/Mutex.h"

namespace oxcache::resilience {

/// Threads for loads whose callers may stop waiting. A load gets its own thread at once; how many
/// may go on after their callers left is bounded. Thread-safe.
class OXCACHE_INTERNAL LoadThreads {
public:
    LoadThreads(Clock& clock, std::size_t maxAbandoned);
    ~LoadThreads();
    LoadThreads(const LoadThreads&) = delete;
    LoadThreads& operator=(const LoadThreads&) = delete;

    struct State;
    /// One load under way, as its caller sees it.
    class OXCACHE_INTERNAL Ticket {
    public:
        explicit Ticket(std::shared_ptr<State> owner) : owner_(std::move(owner)) {}
        /// The caller stops waiting; the load goes on, counted as abandoned until it ends.
        void abandon();

    private:
        friend class LoadThreads;
        std::shared_ptr<State> owner_;
        // Guarded by the state's mutex.
        bool running_ = true;
        bool abandoned_ = false;
    };

    /// Runs `work` on a thread; empty when too many loads are abandoned or stop() was called.
    /// `work` must not throw.
    std::shared_ptr<Ticket> run(std::function<void()> work);

    /// Takes no more work and waits for what runs. Gives how many loads still run at the deadline;
    /// their threads are let go and keep what they hold.
    std::size_t stop(Deadline deadline);
    std::size_t abandoned() const;

private:
    std::shared_ptr<State> state_;
};

}  // namespace oxcache::resilience
