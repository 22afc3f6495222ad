#include "resilience/LoadThreads.h"

#include <exception>
#include <thread>
#include <utility>

namespace oxcache::resilience {

struct LoadThreads::State {
    State(Clock& ticking, std::size_t most) : clock(ticking), maxAbandoned(most) {}

    void ended(Ticket& ticket) {
        MutexLock lock(mutex);
        ticket.running_ = false;
        if (ticket.abandoned_) --abandoned;
        --running;
        changed.notifyAll();
    }

    Clock& clock;
    const std::size_t maxAbandoned;
    mutable Mutex mutex;
    CondVar changed;
    bool stopped OXCACHE_GUARDED_BY(mutex) = false;
    std::size_t running OXCACHE_GUARDED_BY(mutex) = 0;
    std::size_t abandoned OXCACHE_GUARDED_BY(mutex) = 0;
};

LoadThreads::LoadThreads(Clock& clock, std::size_t maxAbandoned)
    : state_(std::make_shared<State>(clock, maxAbandoned)) {}

// Whoever cannot wait for ever calls stop() with a deadline first; what still runs then owns its
// state and is not waited for again.
LoadThreads::~LoadThreads() {
    MutexLock lock(state_->mutex);
    state_->stopped = true;
}

void LoadThreads::Ticket::abandon() {
    MutexLock lock(owner_->mutex);
    if (!running_ || abandoned_) return;
    abandoned_ = true;
    ++owner_->abandoned;
}

std::shared_ptr<LoadThreads::Ticket> LoadThreads::run(std::function<void()> work) {
    auto ticket = std::make_shared<Ticket>(state_);
    {
        MutexLock lock(state_->mutex);
        if (state_->stopped || state_->abandoned >= state_->maxAbandoned) return nullptr;
        ++state_->running;
    }
    auto body = [state = state_, ticket, task = std::move(work)]() mutable {
        task();
        task = nullptr;  // what the load holds goes before it is counted as ended
        state->ended(*ticket);
    };
    try {
        std::thread(std::move(body)).detach();
    } catch (const std::exception&) {
        state_->ended(*ticket);
        return nullptr;
    }
    return ticket;
}

std::size_t LoadThreads::stop(Deadline deadline) {
    MutexLock lock(state_->mutex);
    state_->stopped = true;
    while (state_->running > 0) {
        if (!state_->clock.waitUntil(state_->changed, state_->mutex, deadline.time())) break;
    }
    return state_->running;
}

std::size_t LoadThreads::abandoned() const {
    MutexLock lock(state_->mutex);
    return state_->abandoned;
}

}  // namespace oxcache::resilience
