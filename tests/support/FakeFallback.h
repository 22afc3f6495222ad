#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "oxcache/base/Mutex.h"
#include "oxcache/spi/FallbackStore.h"
#include "support/CallGate.h"

namespace oxcache::testing {

/// A database in memory: rows by key, and keys that no route fits. Thread-safe.
class FakeDatabase {
public:
    void put(const std::string& key, const std::string& value, CodecId codec = CodecId::Json) {
        MutexLock lock(mutex_);
        rows_[key] = {spi::FallbackOutcome::Found, value, codec};
    }
    void noRoute(const std::string& key) {
        MutexLock lock(mutex_);
        rows_[key] = {spi::FallbackOutcome::NoRoute, {}, CodecId::Raw};
    }
    void breakDown(Error error = {ErrorCode::Unavailable, "fake database outage"}) {
        MutexLock lock(mutex_);
        outage_ = std::move(error);
    }
    void restore() { breakDown({}); }
    /// The next call breaks the contract: it throws, or gives one reply too few.
    void throwNext() {
        MutexLock lock(mutex_);
        throws_ = true;
    }
    void shortenNext() {
        MutexLock lock(mutex_);
        shortens_ = true;
    }
    /// The next call waits in `gate`.
    void gateNext(std::shared_ptr<CallGate> gate) {
        MutexLock lock(mutex_);
        gate_ = std::move(gate);
    }
    /// Keys of each call, in order.
    std::vector<std::vector<std::string>> calls() const {
        MutexLock lock(mutex_);
        return calls_;
    }

    std::vector<Result<spi::FallbackReply>> load(std::span<const Key> keys, Deadline deadline,
                                                 const Clock& clock) {
        std::shared_ptr<CallGate> gate;
        {
            MutexLock lock(mutex_);
            calls_.emplace_back(keys.begin(), keys.end());
            gate.swap(gate_);
        }
        if (gate) gate->pass();
        std::vector<Result<spi::FallbackReply>> replies;
        MutexLock lock(mutex_);
        if (std::exchange(throws_, false)) throw std::runtime_error("fake database: thrown");
        if (std::exchange(shortens_, false)) keys = keys.subspan(1);
        for (const Key key : keys) {
            if (deadline.passed(clock))
                replies.emplace_back(Error{ErrorCode::Timeout, "fake database: too late"});
            else if (outage_)
                replies.emplace_back(outage_);
            else
                replies.emplace_back(rowAt(key));
        }
        return replies;
    }
    Result<void> ping() {
        MutexLock lock(mutex_);
        if (outage_) return outage_;
        return {};
    }

private:
    spi::FallbackReply rowAt(Key key) const OXCACHE_REQUIRES(mutex_) {
        const auto found = rows_.find(key);
        if (found == rows_.end()) return {spi::FallbackOutcome::Absent, {}, CodecId::Raw};
        return found->second;
    }

    mutable Mutex mutex_;
    std::map<std::string, spi::FallbackReply, std::less<>> rows_ OXCACHE_GUARDED_BY(mutex_);
    std::vector<std::vector<std::string>> calls_ OXCACHE_GUARDED_BY(mutex_);
    std::shared_ptr<CallGate> gate_ OXCACHE_GUARDED_BY(mutex_);
    Error outage_ OXCACHE_GUARDED_BY(mutex_);
    bool throws_ OXCACHE_GUARDED_BY(mutex_) = false;
    bool shortens_ OXCACHE_GUARDED_BY(mutex_) = false;
};

/// A fallback over a FakeDatabase.
class FakeFallback final : public spi::FallbackStore {
public:
    FakeFallback(std::shared_ptr<FakeDatabase> database, std::shared_ptr<Clock> clock)
        : database_(std::move(database)), clock_(std::move(clock)) {}

    std::vector<Result<spi::FallbackReply>> load(std::span<const Key> keys,
                                                 Deadline deadline) override {
        return database_->load(keys, deadline, *clock_);
    }
    Result<void> ping(Deadline) override { return database_->ping(); }
    std::uint64_t queries() const noexcept override { return database_->calls().size(); }

private:
    std::shared_ptr<FakeDatabase> database_;
    std::shared_ptr<Clock> clock_;
};

}  // namespace oxcache::testing
