#pragma once

#include <array>
#include <atomic>
#include <bit>
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
    static constexpr std::size_t kAside = 24;

    /// 0, or a find's number, which is odd and never given twice, or the entry that is being read.
    std::atomic<std::uintptr_t> doing{0};
    /// The owner's: the last find's number.
    std::uintptr_t finds = 1;
    /// The owner's note of the readers' record it used last, and of the store it belongs to.
    std::uint64_t recordOwner = 0;
    void* record = nullptr;
    /// Entries that are being read while the thread does something else, `depth` of them; what
    /// finds no room is counted.
    std::size_t depth = 0;
    std::array<std::atomic<const Entry*>, kAside> aside{};
    std::vector<const Entry*> counted;
    std::uint32_t index = 0;
    std::atomic<bool> taken{true};
    ThreadSlot* next = nullptr;

    const Entry* reading() const noexcept {
        const std::uintptr_t now = doing.load(std::memory_order_acquire);
        return now % 2 == 0 ? std::bit_cast<const Entry*>(now) : nullptr;
    }
    /// The owner's. Keeps an entry while the thread does something else.
    OXCACHE_INTERNAL void putAside(const Entry* entry);
    /// The owner's. The reading that was put aside last has ended.
    OXCACHE_INTERNAL void dropAside() noexcept;
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
    explicit Find(ThreadSlot& slot) : slot_(slot) {
        // A reader that uses the store goes on reading its entry afterwards.
        if (const Entry* outer = slot.reading()) [[unlikely]]
            slot.putAside(outer);
        slot.finds += 2;
#if !defined(OXCACHE_MEMORY_TSAN)
        if (kPlainFinds) [[likely]] {
            slot.doing.store(slot.finds, std::memory_order_release);
            std::atomic_signal_fence(std::memory_order_seq_cst);
            return;
        }
#endif
        slot.doing.exchange(slot.finds, std::memory_order_acq_rel);
    }
    ~Find() {
        slot_.doing.store(reinterpret_cast<std::uintptr_t>(kept_), std::memory_order_release);
    }
    Find(const Find&) = delete;
    Find& operator=(const Find&) = delete;

    /// The thread goes on reading this one when the find ends.
    void keep(const Entry* entry) noexcept { kept_ = entry; }

private:
    ThreadSlot& slot_;
    const Entry* kept_ = nullptr;
};

/// An entry that is being read in place: it is not freed before this ends, and nothing else waits
/// for that, however long it takes. Ends on the thread that began it, before what began earlier.
class Reading {
public:
    Reading() = default;
    /// Of an entry that a find kept, or that was put aside.
    Reading(const Entry* entry, ThreadSlot& slot) noexcept : entry_(entry), slot_(&slot) {}
    Reading(Reading&& other) noexcept
        : entry_(std::exchange(other.entry_, nullptr)), slot_(other.slot_) {}
    Reading& operator=(Reading&& other) noexcept {
        std::swap(entry_, other.entry_);
        std::swap(slot_, other.slot_);
        return *this;
    }
    ~Reading() {
        if (entry_ == nullptr) return;
        if (slot_->reading() == entry_) [[likely]]
            slot_->doing.store(0, std::memory_order_release);
        else
            slot_->dropAside();
    }

    explicit operator bool() const noexcept { return entry_ != nullptr; }
    const Entry* get() const noexcept { return entry_; }
    const Entry& operator*() const noexcept { return *entry_; }
    const Entry* operator->() const noexcept { return entry_; }

private:
    const Entry* entry_ = nullptr;
    ThreadSlot* slot_ = nullptr;
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
/// locks: values' destructors run. Where memory is out, frees nothing this time. Waits for finds
/// that are under way if `patient`; they are short, but their thread may be waiting for a
/// processor.
OXCACHE_INTERNAL void reclaim(std::vector<Retired>& retired, bool patient) noexcept;

}  // namespace oxcache::memory
