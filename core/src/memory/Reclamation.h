#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "oxcache/base/Entry.h"
#include "oxcache/base/Export.h"

// ThreadSanitizer does not know membarrier(2); there, and where the kernel has none, a find
// announces itself by an atomic exchange instead of a plain store.
#if defined(__SANITIZE_THREAD__)
#define OXCACHE_MEMORY_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define OXCACHE_MEMORY_TSAN 1
#endif
#endif

namespace oxcache::memory {

/// A thread's announcements to those who free memory: whether it is inside a find, and which
/// entries it is reading in place. Written by its thread alone. Slots are never freed; a thread
/// that ends leaves its slot to the next one.
struct alignas(128) ThreadSlot {
    static constexpr std::size_t kHeld = 24;

    /// Odd inside a find; moves with every find.
    std::atomic<std::uint64_t> find{0};
    /// How many of `held` are in use; the owner's.
    std::size_t depth = 0;
    std::uint32_t index = 0;
    /// The owner's note of the readers' record it used last, and of the store it belongs to.
    std::uint64_t recordOwner = 0;
    void* record = nullptr;
    std::array<std::atomic<const Entry*>, kHeld> held{};
    std::atomic<bool> taken{true};
    ThreadSlot* next = nullptr;
};

/// True when finds announce themselves by plain stores and reclaimers use membarrier(2).
OXCACHE_INTERNAL extern const bool kPlainFinds;

OXCACHE_INTERNAL ThreadSlot* takeSlot();
OXCACHE_INTERNAL inline thread_local constinit ThreadSlot* currentSlot
    [[gnu::tls_model("initial-exec")]] = nullptr;

inline ThreadSlot& mySlot() {
    ThreadSlot* slot = currentSlot;
    return slot != nullptr ? *slot : *takeSlot();
}

/// The time in which a thread follows pointers of the table. Short: no user code runs in it.
class Find {
public:
    explicit Find(ThreadSlot& slot) noexcept
        : slot_(slot), number_(slot.find.load(std::memory_order_relaxed) + 1) {
#if !defined(OXCACHE_MEMORY_TSAN)
        if (kPlainFinds) [[likely]] {
            slot.find.store(number_, std::memory_order_relaxed);
            std::atomic_signal_fence(std::memory_order_seq_cst);
            return;
        }
#endif
        slot.find.exchange(number_, std::memory_order_acq_rel);
    }
    ~Find() { slot_.find.store(number_ + 1, std::memory_order_release); }
    Find(const Find&) = delete;
    Find& operator=(const Find&) = delete;

private:
    ThreadSlot& slot_;
    const std::uint64_t number_;
};

/// An entry that is being read in place: it is not freed before this ends, and nothing else waits
/// for that, however long it takes. Ends on the thread that began it, before what began earlier.
class Reading {
public:
    Reading() = default;
    /// Takes over what hold() gave.
    Reading(const Entry* entry, ThreadSlot* holder) noexcept : entry_(entry), holder_(holder) {}
    /// Inside a find, which may end then: keeps the entry. Where too many readings are nested, by a
    /// count; then it gives null.
    static ThreadSlot* hold(ThreadSlot& slot, const Entry* entry) noexcept {
        const std::size_t depth = slot.depth;
        if (depth >= ThreadSlot::kHeld) [[unlikely]] {
            entry->retain();
            return nullptr;
        }
        slot.held[depth].store(entry, std::memory_order_release);
        slot.depth = depth + 1;
        return &slot;
    }
    Reading(Reading&& other) noexcept
        : entry_(std::exchange(other.entry_, nullptr)), holder_(other.holder_) {}
    Reading& operator=(Reading&& other) noexcept {
        std::swap(entry_, other.entry_);
        std::swap(holder_, other.holder_);
        return *this;
    }
    ~Reading() {
        if (entry_ == nullptr) return;
        if (holder_ == nullptr) [[unlikely]] {
            entry_->release();
            return;
        }
        const std::size_t depth = --holder_->depth;
        holder_->held[depth].store(nullptr, std::memory_order_release);
    }

    explicit operator bool() const noexcept { return entry_ != nullptr; }
    const Entry* get() const noexcept { return entry_; }
    const Entry& operator*() const noexcept { return *entry_; }
    const Entry* operator->() const noexcept { return entry_; }

private:
    const Entry* entry_ = nullptr;
    ThreadSlot* holder_ = nullptr;
};

/// Memory that was unlinked and that readers may still see.
class Retired {
public:
    static Retired entry(const Entry* entry) noexcept { return {entry, &releaseEntry, entry}; }
    template <class T>
    static Retired object(T* object) noexcept {
        return {object, [](const void* raw) { delete static_cast<const T*>(raw); }, nullptr};
    }
    const Entry* heldAs() const noexcept { return heldAs_; }
    void free() const { free_(object_); }

private:
    Retired(const void* object, void (*freer)(const void*), const Entry* heldAs) noexcept
        : object_(object), free_(freer), heldAs_(heldAs) {}
    static void releaseEntry(const void* raw) { static_cast<const Entry*>(raw)->release(); }

    const void* object_;
    void (*free_)(const void*);
    const Entry* heldAs_;
};

/// Frees what no reader can see any more and leaves the rest in `retired`. To be called without
/// locks: values' destructors run. Waits for finds that are under way if `patient`; they are short,
/// but their thread may be waiting for a processor.
OXCACHE_INTERNAL void reclaim(std::vector<Retired>& retired, bool patient);

}  // namespace oxcache::memory
