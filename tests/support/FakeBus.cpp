#include "support/FakeBus.h"

#include <vector>

namespace oxcache::testing {

FakeBus::FakeBus(std::shared_ptr<FakeBackend> backend) : backend_(std::move(backend)) {}

FakeBus::~FakeBus() { stop(); }

Result<void> FakeBus::start(spi::BusListener& listener) {
    MutexLock control(control_);
    {
        MutexLock lock(mutex_);
        if (startError_) return std::exchange(startError_, Error{});
        if (running_) return Error{ErrorCode::Unavailable, "fake bus: started already"};
        running_ = true;
        events_.clear();
        events_.push_back(Coverage{true});
    }
    backend_->subscribe(*this);
    thread_ = std::thread([this, &listener] { run(listener); });
    return {};
}

void FakeBus::stop() noexcept {
    MutexLock control(control_);
    backend_->unsubscribe(*this);
    {
        MutexLock lock(mutex_);
        running_ = false;
        events_.clear();
        changed_.notifyAll();
    }
    if (thread_.joinable()) thread_.join();
}

void FakeBus::hold() {
    MutexLock lock(mutex_);
    held_ = true;
}

void FakeBus::release() {
    MutexLock lock(mutex_);
    held_ = false;
    changed_.notifyAll();
}

void FakeBus::loseNext(std::size_t count) {
    MutexLock lock(mutex_);
    toLose_ = count;
}

void FakeBus::gap(std::optional<unsigned> slotRange) { push(Gap{slotRange}); }

void FakeBus::cover(bool covered) { push(Coverage{covered}); }

void FakeBus::awaitHeard() {
    MutexLock lock(mutex_);
    while (running_ && (!events_.empty() || delivering_)) changed_.wait(mutex_);
}

void FakeBus::failStart(Error error) {
    MutexLock lock(mutex_);
    startError_ = std::move(error);
}

void FakeBus::receive(Key key, const Version& version) {
    {
        MutexLock lock(mutex_);
        if (toLose_ > 0) {
            --toLose_;
            return;
        }
    }
    push(Change{std::string(key), version});
}

void FakeBus::push(Event event) {
    MutexLock lock(mutex_);
    if (!running_) return;
    events_.push_back(std::move(event));
    changed_.notifyAll();
}

void FakeBus::run(spi::BusListener& listener) {
    MutexLock lock(mutex_);
    while (running_) {
        if (events_.empty() || held_) {
            changed_.wait(mutex_);
            continue;
        }
        std::deque<Event> events;
        events.swap(events_);
        delivering_ = true;
        lock.unlock();
        deliver(listener, events);
        lock.lock();
        delivering_ = false;
        changed_.notifyAll();
    }
}

void FakeBus::deliver(spi::BusListener& listener, const std::deque<Event>& events) {
    std::vector<spi::KeyChange> changes;
    const auto flush = [&] {
        if (!changes.empty()) listener.onChanges(changes);
        changes.clear();
    };
    for (const Event& event : events) {
        if (const auto* change = std::get_if<Change>(&event)) {
            changes.push_back({change->key, change->version});
            continue;
        }
        flush();
        if (const auto* gap = std::get_if<Gap>(&event)) listener.onGap(gap->slotRange);
        if (const auto* coverage = std::get_if<Coverage>(&event))
            listener.onCoverage(coverage->covered);
    }
    flush();
}

}  // namespace oxcache::testing
