#include "stages/FallbackStage.h"

#include <utility>

namespace oxcache::stages {

FallbackStage::FallbackStage(const ServiceSettings& settings,
                             std::unique_ptr<spi::FallbackStore> store, Clock& clock)
    : settings_(settings), store_(std::move(store)), clock_(clock) {}

std::vector<Result<spi::FallbackReply>> FallbackStage::load(std::span<const Key> keys,
                                                            Deadline deadline) {
    deadline = Deadline::in(clock_, settings_.deadline).earlier(deadline);
    std::vector<Result<spi::FallbackReply>> replies = store_->load(keys, deadline);
    Error failure;
    for (const Result<spi::FallbackReply>& reply : replies)
        if (!reply) failure = reply.error();
    note(failure);
    return replies;
}

void FallbackStage::probe() {
    const Result<void> answer = store_->ping(Deadline::in(clock_, settings_.deadline));
    note(answer ? Error{} : answer.error());
}

void FallbackStage::note(const Error& error) {
    if (!error) {
        healthy_.store(true, std::memory_order_release);
        return;
    }
    MutexLock lock(mutex_);
    trouble_ = error.message;
    healthy_.store(false, std::memory_order_release);
}

std::string FallbackStage::trouble() const {
    MutexLock lock(mutex_);
    return trouble_;
}

}  // namespace oxcache::stages
