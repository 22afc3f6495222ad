#pragma once

#include "oxcache/base/Mutex.h"

namespace oxcache::memory {

/// A shard's mutex. It is held for a few hundred nanoseconds, so whoever finds it taken looks again
/// for about that long before the kernel is asked to wake it.
class OXCACHE_CAPABILITY("mutex") ShardMutex {
public:
    void lock() OXCACHE_ACQUIRE() OXCACHE_NO_THREAD_SAFETY_ANALYSIS {
        for (int looks = 0; looks < kLooks; ++looks) {
            if (mutex_.tryLock()) return;
            for (int i = 0; i < kPauses; ++i) relax();
        }
        mutex_.lock();
    }
    void unlock() OXCACHE_RELEASE() OXCACHE_NO_THREAD_SAFETY_ANALYSIS { mutex_.unlock(); }

private:
    static void relax() noexcept {
#if defined(__x86_64__) || defined(__i386__)
        __builtin_ia32_pause();
#endif
    }
    static constexpr int kLooks = 16;
    static constexpr int kPauses = 8;

    Mutex mutex_;
};

/// Holds a ShardMutex for a scope; may be released and taken again within it.
class OXCACHE_SCOPED_CAPABILITY ShardLock {
public:
    explicit ShardLock(ShardMutex& mutex) OXCACHE_ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
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
