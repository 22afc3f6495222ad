#include "support/FakeRemoteStore.h"

#include <algorithm>

namespace oxcache::testing {
namespace {

constexpr std::size_t kSweepBatch = 100;

std::vector<std::string> copied(std::span<const Key> keys) { return {keys.begin(), keys.end()}; }

}  // namespace

FakeRemoteStore::FakeRemoteStore(std::shared_ptr<FakeBackend> backend)
    : backend_(std::move(backend)) {}

std::vector<Result<Bytes>> FakeRemoteStore::get(std::span<const Key> keys, Deadline deadline) {
    return answer<Bytes>(StoreOperation::Get, copied(keys), deadline,
                         [&](std::size_t at) { return backend_->read(keys[at]); });
}

std::vector<Result<Bytes>> FakeRemoteStore::lease(std::span<const Key> keys,
                                                  const spi::LeaseRequest& request,
                                                  Deadline deadline) {
    return answer<Bytes>(StoreOperation::Lease, copied(keys), deadline,
                         [&](std::size_t at) { return backend_->lease(keys[at], request); });
}

std::vector<Result<spi::PutOutcome>> FakeRemoteStore::put(std::span<const spi::Put> puts,
                                                          Deadline deadline) {
    std::vector<std::string> keys;
    for (const spi::Put& put : puts) keys.emplace_back(put.key);
    return answer<spi::PutOutcome>(StoreOperation::Put, std::move(keys), deadline,
                                   [&](std::size_t at) { return backend_->put(puts[at]); });
}

Result<std::uint64_t> FakeRemoteStore::sweep(Key prefix, std::uint64_t live, Deadline deadline) {
    return answer<std::uint64_t>(
        StoreOperation::Sweep, {std::string(prefix)}, deadline,
        [&](std::size_t) { return backend_->sweep(prefix, live, kSweepBatch); })[0];
}

Result<std::int64_t> FakeRemoteStore::time(Deadline deadline) {
    return answer<std::int64_t>(StoreOperation::Time, {std::string()}, deadline,
                                [&](std::size_t) { return backend_->clock().wallMs(); })[0];
}

std::vector<std::pair<std::string, std::uint64_t>> FakeRemoteStore::counters() const {
    MutexLock lock(mutex_);
    return {{"calls", calls_.size()}};
}

void FakeRemoteStore::failNext(std::size_t count, Error error) {
    MutexLock lock(mutex_);
    toFail_ = count;
    failure_ = std::move(error);
}

void FakeRemoteStore::breakDown(Error error) {
    MutexLock lock(mutex_);
    outage_ = std::move(error);
}

void FakeRemoteStore::restore() { breakDown(Error{}); }

void FakeRemoteStore::loseAnswers(std::size_t count) {
    MutexLock lock(mutex_);
    answersToLose_ = count;
}

void FakeRemoteStore::gateNext(StoreOperation operation, std::shared_ptr<CallGate> gate) {
    MutexLock lock(mutex_);
    gates_.push_back({operation, false, std::move(gate)});
}

void FakeRemoteStore::gateNextAnswer(StoreOperation operation, std::shared_ptr<CallGate> gate) {
    MutexLock lock(mutex_);
    gates_.push_back({operation, true, std::move(gate)});
}

std::vector<StoreCall> FakeRemoteStore::calls() const {
    MutexLock lock(mutex_);
    return calls_;
}

std::size_t FakeRemoteStore::count(StoreOperation operation) const {
    MutexLock lock(mutex_);
    return static_cast<std::size_t>(
        std::count_if(calls_.begin(), calls_.end(),
                      [&](const StoreCall& call) { return call.operation == operation; }));
}

void FakeRemoteStore::forgetCalls() {
    MutexLock lock(mutex_);
    calls_.clear();
}

template <class Answer, class Apply>
std::vector<Result<Answer>> FakeRemoteStore::answer(StoreOperation operation,
                                                    std::vector<std::string> keys,
                                                    Deadline deadline, Apply apply) {
    const std::size_t count = keys.size();
    std::vector<Result<Answer>> answers;
    Error error = arrive(operation, std::move(keys), deadline);
    if (!error) {
        for (std::size_t at = 0; at < count; ++at) answers.emplace_back(apply(at));
        error = leave(operation);
    }
    if (error) answers.assign(count, Result<Answer>(error));
    return answers;
}

Error FakeRemoteStore::arrive(StoreOperation operation, std::vector<std::string> keys,
                              Deadline deadline) {
    std::shared_ptr<CallGate> gate;
    {
        MutexLock lock(mutex_);
        calls_.push_back({operation, std::move(keys)});
        gate = takeGate(operation, false);
    }
    if (gate) gate->pass();
    MutexLock lock(mutex_);
    if (deadline.passed(backend_->clock()))
        return {ErrorCode::Timeout, "fake store: the deadline has passed"};
    if (outage_) return outage_;
    if (toFail_ == 0) return {};
    --toFail_;
    return failure_;
}

Error FakeRemoteStore::leave(StoreOperation operation) {
    std::shared_ptr<CallGate> gate;
    Error error;
    {
        MutexLock lock(mutex_);
        gate = takeGate(operation, true);
        if (answersToLose_ > 0) {
            --answersToLose_;
            error = {ErrorCode::Unavailable, "fake store: the answer was lost"};
        }
    }
    if (gate) gate->pass();
    return error;
}

std::shared_ptr<CallGate> FakeRemoteStore::takeGate(StoreOperation operation, bool after) {
    const auto found = std::find_if(gates_.begin(), gates_.end(), [&](const Gate& gate) {
        return gate.operation == operation && gate.after == after;
    });
    if (found == gates_.end()) return nullptr;
    std::shared_ptr<CallGate> gate = std::move(found->gate);
    gates_.erase(found);
    return gate;
}

}  // namespace oxcache::testing
