#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <variant>

#include "oxcache/spi/InvalidationBus.h"
#include "support/FakeBackend.h"

namespace oxcache::testing {

/// A bus over a FakeBackend, with a thread of its own and faults on demand. Thread-safe.
class FakeBus final : public spi::InvalidationBus {
public:
    explicit FakeBus(std::shared_ptr<FakeBackend> backend);
    ~FakeBus() override;

    Result<void> start(spi::BusListener& listener) override;
    void stop() noexcept override;
    Duration stalenessBound() const noexcept override { return Duration(100); }

    /// What reaches the bus waits there until release(); coverage and gaps too.
    void hold();
    void release();
    /// The next `count` changes are lost and nobody notices.
    void loseNext(std::size_t count);
    void gap(std::optional<unsigned> slotRange = std::nullopt);
    void cover(bool covered);
    /// Returns when everything received so far has been heard by the listener.
    void awaitHeard();
    /// The next start() answers this error.
    void failStart(Error error);

private:
    friend class FakeBackend;
    struct Change {
        std::string key;
        Version version;
    };
    struct Gap {
        std::optional<unsigned> slotRange;
    };
    struct Coverage {
        bool covered;
    };
    using Event = std::variant<Change, Gap, Coverage>;

    void receive(Key key, const Version& version);
    void push(Event event);
    void run(spi::BusListener& listener);
    static void deliver(spi::BusListener& listener, const std::deque<Event>& events);

    const std::shared_ptr<FakeBackend> backend_;
    Mutex control_;  // held by start and stop, so that they do not overlap
    std::thread thread_ OXCACHE_GUARDED_BY(control_);
    Mutex mutex_;
    CondVar changed_;
    std::deque<Event> events_ OXCACHE_GUARDED_BY(mutex_);
    bool running_ OXCACHE_GUARDED_BY(mutex_) = false;
    bool held_ OXCACHE_GUARDED_BY(mutex_) = false;
    bool delivering_ OXCACHE_GUARDED_BY(mutex_) = false;
    std::size_t toLose_ OXCACHE_GUARDED_BY(mutex_) = 0;
    Error startError_ OXCACHE_GUARDED_BY(mutex_);
};

}  // namespace oxcache::testing
