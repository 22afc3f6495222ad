#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "oxcache/base/Mutex.h"

namespace oxcache::memory {

/// A tag in use. Entries remember the generation they were admitted under; invalidating the tag
/// moves it.
struct TagCell {
    std::atomic<std::uint64_t> generation{0};
};

/// The tags that living entries bear, by name. A tag that nobody bears any more is forgotten.
/// Thread-safe.
class TagRegistry {
public:
    std::shared_ptr<const TagCell> of(std::string_view name);
    /// Constant time, however many entries bear the tag.
    void invalidate(std::string_view name);
    /// Moves with every invalidation.
    std::uint64_t invalidations() const noexcept {
        return invalidations_.load(std::memory_order_acquire);
    }

private:
    void forgetUnused() OXCACHE_REQUIRES(mutex_);

    Mutex mutex_;
    std::unordered_map<std::string, std::weak_ptr<TagCell>> cells_ OXCACHE_GUARDED_BY(mutex_);
    std::size_t forgetAt_ OXCACHE_GUARDED_BY(mutex_) = 64;
    std::atomic<std::uint64_t> invalidations_{0};
};

}  // namespace oxcache::memory
