#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <utility>

#include "oxcache/base/Clock.h"
#include "oxcache/base/Deadline.h"
#include "oxcache/base/Export.h"
#include "oxcache/base/Mutex.h"

namespace oxcache::resilience {

/// Threads for loads whose callers may stop waiting. A load gets its own thread at once; while
/// `maxAbandoned` of them go on without a caller, no more are begun. Loads that ran already when
/// that bound was reached may still be abandoned, so it can be passed by as many as there are
/// callers. Thread-safe.
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

    /// Runs `work` on a thread; empty when too many loads are abandoned, stop() was called or the
    /// system has no more threads: `work` has then been destroyed without a run. It must not throw.
    std::shared_ptr<Ticket> run(std::function<void()> work);

    /// Takes no more work and waits for what runs. Gives how many loads still run at the deadline;
    /// their threads are let go and keep what they hold.
    std::size_t stop(Deadline deadline);
    std::size_t abandoned() const;

private:
    std::shared_ptr<State> state_;
};

}  // namespace oxcache::resilience
