#include "Housekeeper.h"

namespace oxcache::embedded {

Housekeeper::Housekeeper(Clock& clock, Duration interval, std::function<void()> work)
    : clock_(clock), interval_(interval), work_(std::move(work)), thread_([this] { run(); }) {}

Housekeeper::~Housekeeper() {
    {
        MutexLock lock(mutex_);
        stopping_ = true;
        changed_.notifyAll();
    }
    thread_.join();
}

void Housekeeper::run() {
    MutexLock lock(mutex_);
    while (!stopping_) {
        const SteadyTime next = clock_.steady() + interval_;
        while (!stopping_ && clock_.waitUntil(changed_, mutex_, next)) {
        }
        if (stopping_) return;
        lock.unlock();
        work_();
        lock.lock();
    }
}

}  // namespace oxcache::embedded
