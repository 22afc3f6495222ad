#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "oxcache/base/Mutex.h"
#include "oxcache/spi/InvalidationBus.h"
#include "support/Eventually.h"

namespace oxcache::testing {

/// Listens to a bus and writes down what it hears; the bus stops before it goes. Thread-safe.
class BusEar final : public spi::BusListener {
public:
    explicit BusEar(std::unique_ptr<spi::InvalidationBus> bus) : bus_(std::move(bus)) {
        const auto started = bus_->start(*this);
        if (!started) throw std::runtime_error(started.error().message);
    }
    ~BusEar() override { bus_->stop(); }

    void onChanges(std::span<const spi::KeyChange> changes) override {
        MutexLock lock(mutex_);
        for (const spi::KeyChange& change : changes) heard_.insert(std::string(change.key));
    }
    void onGap(std::optional<unsigned> slotRange) override {
        MutexLock lock(mutex_);
        gaps_.push_back(slotRange);
    }
    void onCoverage(bool covered) override {
        MutexLock lock(mutex_);
        covered_ = covered;
        if (!covered) ++losses_;
    }

    bool covered() const {
        MutexLock lock(mutex_);
        return covered_;
    }
    /// How often coverage ended.
    int losses() const {
        MutexLock lock(mutex_);
        return losses_;
    }
    std::size_t gaps() const {
        MutexLock lock(mutex_);
        return gaps_.size();
    }
    bool gapOf(unsigned slotRange) const {
        MutexLock lock(mutex_);
        return std::find(gaps_.begin(), gaps_.end(), std::optional(slotRange)) != gaps_.end();
    }
    bool heard(const std::string& key) const {
        MutexLock lock(mutex_);
        return heard_.count(key) > 0;
    }
    bool awaitCovered() const {
        return eventually([this] { return covered(); });
    }
    bool awaitHeard(const std::string& key) const {
        return eventually([&] { return heard(key); });
    }

private:
    const std::unique_ptr<spi::InvalidationBus> bus_;
    mutable Mutex mutex_;
    std::set<std::string> heard_ OXCACHE_GUARDED_BY(mutex_);
    std::vector<std::optional<unsigned>> gaps_ OXCACHE_GUARDED_BY(mutex_);
    bool covered_ OXCACHE_GUARDED_BY(mutex_) = false;
    int losses_ OXCACHE_GUARDED_BY(mutex_) = 0;
};

}  // namespace oxcache::testing
