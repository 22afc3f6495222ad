#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

// Annotations for clang's thread-safety analysis; nothing elsewhere.
#if defined(__clang__)
#define OXCACHE_ANNOTATE(x) __attribute__((x))
#else
#define OXCACHE_ANNOTATE(x)
#endif
#define OXCACHE_CAPABILITY(x) OXCACHE_ANNOTATE(capability(x))
#define OXCACHE_SCOPED_CAPABILITY OXCACHE_ANNOTATE(scoped_lockable)
#define OXCACHE_GUARDED_BY(x) OXCACHE_ANNOTATE(guarded_by(x))
#define OXCACHE_REQUIRES(...) OXCACHE_ANNOTATE(requires_capability(__VA_ARGS__))
#define OXCACHE_EXCLUDES(...) OXCACHE_ANNOTATE(locks_excluded(__VA_ARGS__))
#define OXCACHE_ACQUIRE(...) OXCACHE_ANNOTATE(acquire_capability(__VA_ARGS__))
#define OXCACHE_TRY_ACQUIRE(...) OXCACHE_ANNOTATE(try_acquire_capability(__VA_ARGS__))
#define OXCACHE_RELEASE(...) OXCACHE_ANNOTATE(release_capability(__VA_ARGS__))
#define OXCACHE_NO_THREAD_SAFETY_ANALYSIS OXCACHE_ANNOTATE(no_thread_safety_analysis)

namespace oxcache {

/// std::mutex that clang's thread-safety analysis knows.
class OXCACHE_CAPABILITY("mutex") Mutex {
public:
    void lock() OXCACHE_ACQUIRE() { mutex_.lock(); }
    bool tryLock() OXCACHE_TRY_ACQUIRE(true) { return mutex_.try_lock(); }
    void unlock() OXCACHE_RELEASE() { mutex_.unlock(); }

private:
    friend class CondVar;
    std::mutex mutex_;
};

/// Holds a Mutex for a scope; may be released and taken again within it.
class OXCACHE_SCOPED_CAPABILITY MutexLock {
public:
    explicit MutexLock(Mutex& mutex) OXCACHE_ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
    ~MutexLock() OXCACHE_RELEASE() {
        if (held_) mutex_.unlock();
    }
    MutexLock(const MutexLock&) = delete;
    MutexLock& operator=(const MutexLock&) = delete;

    void unlock() OXCACHE_RELEASE() {
        mutex_.unlock();
        held_ = false;
    }
    void lock() OXCACHE_ACQUIRE() {
        mutex_.lock();
        held_ = true;
    }

private:
    Mutex& mutex_;
    bool held_ = true;
};

/// std::condition_variable over Mutex.
class CondVar {
public:
    void notifyOne() noexcept { changed_.notify_one(); }
    void notifyAll() noexcept { changed_.notify_all(); }

    void wait(Mutex& mutex) OXCACHE_REQUIRES(mutex) {
        std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
        changed_.wait(lock);
        lock.release();
    }

    /// False when `until` passed.
    bool waitUntil(Mutex& mutex, std::chrono::steady_clock::time_point until)
        OXCACHE_REQUIRES(mutex) {
        std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
        const bool inTime = changed_.wait_until(lock, until) == std::cv_status::no_timeout;
        lock.release();
        return inTime;
    }

private:
    std::condition_variable changed_;
};

}  // namespace oxcache
