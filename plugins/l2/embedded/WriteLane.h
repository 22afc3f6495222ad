#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "Outages.h"
#include "StoreFile.h"
#include "Writer.h"
#include "oxcache/base/FunctionRef.h"
#include "oxcache/base/Mutex.h"

namespace oxcache::embedded {

/// The way of all writes of one process: one connection, and one transaction for the writers that
/// wait together (group commit, led by one of them). Thread-safe.
class WriteLane {
public:
    WriteLane(StoreFile& file, const Settings& settings, Clock& clock, Counters& counters,
              Outages& outages);

    /// Runs `apply` inside a transaction, after room for `bytes` was made. `apply` may run again
    /// when the transaction has to be repeated, and may throw Failure. Errors: Timeout, before
    /// anything happened; Unavailable.
    Result<void> run(std::size_t bytes, Deadline deadline, FunctionRef<void(Writer&)> apply);

    /// Work beyond this is better split into several run(): no transaction grows longer.
    std::size_t groupBytes() const noexcept { return groupBytes_; }

private:
    struct Waiting {
        std::size_t bytes;
        Deadline deadline;
        FunctionRef<void(Writer&)> apply;
        bool taken = false;
        bool done = false;
        std::optional<Failure> failure{};
    };
    using Group = std::vector<Waiting*>;

    Group takeGroup() OXCACHE_REQUIRES(mutex_);
    void commitAll(const Group& group);
    std::optional<Failure> commit(const Group& group);
    void repair(const Failure& failure, Deadline deadline);
    void makeReady(Deadline deadline);
    void transact(const Group& group, std::size_t bytes);

    StoreFile& file_;
    const Settings settings_;
    Clock& clock_;
    Counters& counters_;
    Outages& outages_;
    const std::size_t groupBytes_;

    Mutex mutex_;
    CondVar changed_;
    std::deque<Waiting*> queue_ OXCACHE_GUARDED_BY(mutex_);
    bool led_ OXCACHE_GUARDED_BY(mutex_) = false;
    // The leader's alone; led_ hands it from one to the next.
    std::unique_ptr<Writer> writer_;
};

}  // namespace oxcache::embedded
