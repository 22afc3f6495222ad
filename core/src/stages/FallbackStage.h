#pragma once

#include <atomic>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "oxcache/base/Deadline.h"
#include "oxcache/base/Mutex.h"
#include "oxcache/base/Result.h"
#include "oxcache/spi/FallbackStore.h"
#include "stages/ServiceSettings.h"

namespace oxcache::stages {

/// The database as the paths use it. Thread-safe.
class OXCACHE_INTERNAL FallbackStage {
public:
    FallbackStage(const ServiceSettings& settings, std::unique_ptr<spi::FallbackStore> store,
                  Clock& clock);

    std::vector<Result<spi::FallbackReply>> load(std::span<const Key> keys, Deadline deadline);
    void probe();
    bool healthy() const noexcept { return healthy_.load(std::memory_order_acquire); }
    std::string trouble() const;
    std::uint64_t queries() const noexcept { return store_->queries(); }

private:
    std::vector<Result<spi::FallbackReply>> ask(std::span<const Key> keys, Deadline deadline);
    void note(const Error& error);

    const ServiceSettings& settings_;
    std::unique_ptr<spi::FallbackStore> store_;
    Clock& clock_;
    std::atomic<bool> healthy_{true};
    mutable Mutex mutex_;
    std::string trouble_ OXCACHE_GUARDED_BY(mutex_);
};

}  // namespace oxcache::stages
