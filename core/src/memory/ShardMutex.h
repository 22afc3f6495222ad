#pragma once

#include <atomic>
#include <mutex>

#include "oxcache/base/Export.h"
#include "oxcache/base/Mutex.h"

namespace oxcache::memory {

/// A shard's mutex: one word, taken and left by one atomic operation each where nobody else wants
/// it, which is a third of the instructions of a pthread mutex. It is held for a few hundred
/// nanoseconds, so whoever finds it taken looks again for about that long before it sleeps. (The
/// three states: Drepper, "Futexes are tricky", 2004.)
class OXCACHE_CAPABILITY("mutex") ShardMutex {
public:
    void lock() noexcept OXCACHE_ACQUIRE() {
        if (!tryLock()) [[unlikely]]
            lockPatiently();
    }
    void unlock() noexcept OXCACHE_RELEASE() {
        if (state_.exchange(kFree, std::memory_order_release) == kAwaited) [[unlikely]]
            state_.notify_one();
    }

private:
    static constexpr int kFree = 0;
    static constexpr int kHeld = 1;
    /// Held, and somebody may be asleep.
    static constexpr int kAwaited = 2;

    bool tryLock() noexcept {
        int free = kFree;
        return state_.compare_exchange_strong(free, kHeld, std::memory_order_acquire,
                                              std::memory_order_relaxed);
    }
    OXCACHE_INTERNAL void lockPatiently() noexcept;

    std::atomic<int> state_{kFree};
};

/// Holds a ShardMutex for a scope; may be released and taken again within it.
class OXCACHE_SCOPED_CAPABILITY ShardLock {
public:
    explicit ShardLock(ShardMutex& mutex) OXCACHE_ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
    /// Takes over a lock that is held.
    ShardLock(ShardMutex& mutex, std::adopt_lock_t) OXCACHE_REQUIRES(mutex) : mutex_(mutex) {}
    ~ShardLock() OXCACHE_RELEASE() {
        if (held_) mutex_.unlock();
    }
    ShardLock(const ShardLock&) = delete;
    ShardLock& operator=(const ShardLock&) = delete;

    void unlock() OXCACHE_RELEASE() {
        mutex_.unlock();
        held_ = false;
    }
    void lock() OXCACHE_ACQUIRE() {
        mutex_.lock();
        held_ = true;
    }

private:
    ShardMutex& mutex_;
    bool held_ = true;
};

}  // namespace oxcache::memory
