#include "stages/FallbackStage.h"

#include <exception>
#include <utility>

namespace oxcache::stages {

FallbackStage::FallbackStage(const ServiceSettings& settings,
                             std::unique_ptr<spi::FallbackStore> store, Clock& clock)
    : settings_(settings), store_(std::move(store)), clock_(clock) {}

namespace {

Error broken(const std::string& service, const std::string& how) {
    return {ErrorCode::Unavailable, "service '" + service + "': the fallback's plugin " + how +
                                        ", which its interface forbids; check the plugin by the "
                                        "conformance suite"};
}

}  // namespace

// A plugin that breaks its contract costs an answer, not the process.
std::vector<Result<spi::FallbackReply>> FallbackStage::ask(std::span<const Key> keys,
                                                           Deadline deadline) {
    Error error;
    try {
        std::vector<Result<spi::FallbackReply>> replies = store_->load(keys, deadline);
        if (replies.size() == keys.size()) return replies;
        error = broken(settings_.name, "gave " + std::to_string(replies.size()) + " replies to " +
                                           std::to_string(keys.size()) + " keys");
    } catch (const std::exception& thrown) {
        error = broken(settings_.name, std::string("threw '") + thrown.what() + "'");
    } catch (...) {
        error = broken(settings_.name, "threw an exception");
    }
    return std::vector<Result<spi::FallbackReply>>(keys.size(), error);
}

std::vector<Result<spi::FallbackReply>> FallbackStage::load(std::span<const Key> keys,
                                                            Deadline deadline) {
    deadline = Deadline::in(clock_, settings_.deadline).earlier(deadline);
    std::vector<Result<spi::FallbackReply>> replies = ask(keys, deadline);
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
