#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "AsymmetricBarrier.h"
#include "oxcache/base/Entry.h"
#include "oxcache/base/Export.h"

namespace oxcache::memory {

/// A thread's announcements to those who free memory: whether it is inside a find, and which
/// entries it is reading in place. Written by its thread alone. Slots are never freed; a thread
/// that ends leaves its slot to the next one.
struct alignas(128) ThreadSlot {
    static constexpr std::size_t kAside = 24;

    /// 0, or the number of a find, which is odd, or the entry that is being read. Finds of one key
    /// may have one number: who waits for one of them to end may then wait for the next as well.
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
    /// The owner's. A find may begin without putting anything aside.
    bool idle() const noexcept { return doing.load(std::memory_order_relaxed) == 0; }
    /// The owner's. What follows, up to endFind(), sees what was unlinked before only while it is
    /// not freed.
    void beginFind(std::uintptr_t number) noexcept { announce(doing, number | 1); }
    void beginPlainFind(std::uintptr_t number) noexcept { announcePlainly(doing, number | 1); }
    /// The owner's. The thread goes on reading `kept`, if anything.
    void endFind(const Entry* kept) noexcept {
        doing.store(reinterpret_cast<std::uintptr_t>(kept), std::memory_order_release);
    }

    /// The owner's. Keeps an entry while the thread does something else.
    void putAside(const Entry* entry) {
        if (depth < kAside && counted.empty()) [[likely]]
            aside[depth++].store(entry, std::memory_order_release);
        else
            count(entry);
    }
    /// The owner's. The reading that was put aside last has ended.
    void dropAside() noexcept {
        if (counted.empty()) [[likely]]
            aside[--depth].store(nullptr, std::memory_order_release);
        else
            dropCounted();
    }

private:
    OXCACHE_INTERNAL void count(const Entry* entry);
    OXCACHE_INTERNAL void dropCounted() noexcept;
};

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
        slot.beginFind(slot.finds += 2);
    }
    ~Find() { slot_.endFind(kept_); }
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
    [[gnu::always_inline]] Reading(Reading&& other) noexcept
        : entry_(std::exchange(other.entry_, nullptr)), slot_(other.slot_) {}
    Reading& operator=(Reading&& other) noexcept {
        std::swap(entry_, other.entry_);
        std::swap(slot_, other.slot_);
        return *this;
    }
    [[gnu::always_inline]] ~Reading() {
        if (entry_ == nullptr) return;
        if (slot_->doing.load(std::memory_order_relaxed) ==
            reinterpret_cast<std::uintptr_t>(entry_)) [[likely]]
            slot_->endFind(nullptr);
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

/// Entries that are put aside while many are read at once. Ends on its thread, before what began
/// earlier.
class ReadingGroup {
public:
    explicit ReadingGroup(ThreadSlot& slot) noexcept : slot_(slot) {}
    ~ReadingGroup() {
        for (; count_ > 0; --count_) slot_.dropAside();
    }
    ReadingGroup(const ReadingGroup&) = delete;
    ReadingGroup& operator=(const ReadingGroup&) = delete;

    /// Of an entry that was found by a find that has not ended.
    void add(const Entry* entry) {
        slot_.putAside(entry);
        ++count_;
    }

private:
    ThreadSlot& slot_;
    std::size_t count_ = 0;
};

/// True once every find has ended that might see what was unlinked before the call. They are short,
/// but their thread may be waiting for a processor: not for ever unless `patient`. False too where
/// memory is out.
OXCACHE_INTERNAL bool findsEnded(bool patient) noexcept;

/// Of entries that were unlinked before findsEnded(): moves to the front those that no reader can
/// see any more, and gives their number. Where memory is out, none this time.
OXCACHE_INTERNAL std::size_t separateUnread(std::vector<const Entry*>& retired) noexcept;

}  // namespace oxcache::memory
