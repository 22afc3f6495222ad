#pragma once

#include <memory>
#include <string>
#include <vector>

#include "oxcache/spi/RemoteStore.h"
#include "support/CallGate.h"
#include "support/FakeBackend.h"

namespace oxcache::testing {

enum class StoreOperation { Get, Lease, Put, Sweep, Time };

/// One call a FakeRemoteStore received, in order of arrival.
struct StoreCall {
    StoreOperation operation{};
    std::vector<std::string> keys;
};

/// An L2 in memory: one process's view of a FakeBackend, with faults on demand. Thread-safe.
/// Several stores may stand on one backend.
class FakeRemoteStore final : public spi::RemoteStore {
public:
    explicit FakeRemoteStore(std::shared_ptr<FakeBackend> backend);

    std::vector<Result<Bytes>> get(std::span<const Key> keys, Deadline deadline) override;
    std::vector<Result<Bytes>> lease(std::span<const Key> keys, const spi::LeaseRequest& request,
                                     Deadline deadline) override;
    std::vector<Result<spi::PutOutcome>> put(std::span<const spi::Put> puts,
                                             Deadline deadline) override;
    Result<std::uint64_t> sweep(Key prefix, std::uint64_t live, Deadline deadline) override;
    Result<std::int64_t> time(Deadline deadline) override;
    std::vector<std::pair<std::string, std::uint64_t>> counters() const override;

    FakeBackend& backend() const { return *backend_; }

    /// The next `count` calls answer `error` and touch nothing.
    void failNext(std::size_t count, Error error = {ErrorCode::Unavailable, "fake outage"});
    /// The same for every call until restore().
    void breakDown(Error error = {ErrorCode::Unavailable, "fake outage"});
    void restore();
    /// The next `count` calls take effect, but their answer is lost (Unavailable).
    void loseAnswers(std::size_t count);
    /// The next call of that operation waits in `gate` before it touches anything.
    void gateNext(StoreOperation operation, std::shared_ptr<CallGate> gate);
    /// The same, but it waits after it took effect and before it answers.
    void gateNextAnswer(StoreOperation operation, std::shared_ptr<CallGate> gate);

    std::vector<StoreCall> calls() const;
    std::size_t count(StoreOperation operation) const;
    void forgetCalls();

private:
    struct Gate {
        StoreOperation operation;
        bool after;
        std::shared_ptr<CallGate> gate;
    };

    template <class Answer, class Apply>
    std::vector<Result<Answer>> answer(StoreOperation operation, std::vector<std::string> keys,
                                       Deadline deadline, Apply apply);
    Error arrive(StoreOperation operation, std::vector<std::string> keys, Deadline deadline);
    Error leave(StoreOperation operation);
    std::shared_ptr<CallGate> takeGate(StoreOperation operation, bool after)
        OXCACHE_REQUIRES(mutex_);

    const std::shared_ptr<FakeBackend> backend_;
    mutable Mutex mutex_;
    std::vector<StoreCall> calls_ OXCACHE_GUARDED_BY(mutex_);
    std::vector<Gate> gates_ OXCACHE_GUARDED_BY(mutex_);
    std::size_t toFail_ OXCACHE_GUARDED_BY(mutex_) = 0;
    Error failure_ OXCACHE_GUARDED_BY(mutex_);
    Error outage_ OXCACHE_GUARDED_BY(mutex_);
    std::size_t answersToLose_ OXCACHE_GUARDED_BY(mutex_) = 0;
};

}  // namespace oxcache::testing
