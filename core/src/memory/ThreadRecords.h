#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "Reclamation.h"
#include "oxcache/base/FunctionRef.h"

namespace oxcache::memory {

/// Memory other than an entry's that was unlinked and that finds may still see.
class RetiredObject {
public:
    template <class T>
    explicit RetiredObject(std::unique_ptr<T> object) noexcept
        : object_(object.release()),
          free_([](const void* raw) { delete static_cast<const T*>(raw); }) {}
    void free() const { free_(object_); }

private:
    const void* object_;
    void (*free_)(const void*);
};

/// Memory that one thread has unlinked: what readers may still see, and what they no longer can.
struct RetiredList {
    static constexpr std::size_t kCollectEntries = 1024;
    static constexpr std::size_t kCollectBytes = 1U << 20;
    /// More than this waits for readers in no thread, but for what long visitors hold.
    static constexpr std::size_t kPressing = 4;
    /// Freed at a time, so that no call pays for all and blocks come about as they are needed:
    /// one in so many calls frees a few more than were retired meanwhile.
    static constexpr std::size_t kTurns = 32;
    static constexpr std::size_t kFew = 40;

    std::vector<const Entry*> entries;
    std::vector<const Entry*> unread;
    std::size_t bytes = 0;
    std::size_t collectAt = kCollectEntries;
    std::size_t collectBytesAt = kCollectBytes;
    std::vector<RetiredObject> objects;

    /// So many entries can be added without fail.
    void expect(std::size_t count) { makeRoom(entries, count); }
    void expectObjects(std::size_t count) { makeRoom(objects, count); }
    bool hasRoom() const noexcept { return entries.size() < entries.capacity(); }
    void add(const Entry& entry, std::size_t footprint) {
        entries.push_back(&entry);
        bytes += footprint;
    }
    void add(RetiredObject object, std::size_t size) {
        objects.push_back(object);
        bytes += size;
    }
    bool due() const noexcept { return entries.size() >= collectAt || bytes >= collectBytesAt; }
    /// Nothing is to be done this time.
    bool resting() const noexcept { return !due() && entries.size() % kTurns != 0; }
    /// Too much to be freed little by little.
    bool heavy() const noexcept { return bytes >= collectBytesAt || entries.size() > collectAt; }
    bool pressing() const noexcept {
        return entries.size() > collectAt + kPressing * kCollectEntries ||
               bytes > collectBytesAt + kPressing * kCollectBytes;
    }
    /// What readers still see of what was taken for a collection, `restBytes` in all. Entries that
    /// long visitors hold come back each time; they must not make every call collect. The vector's
    /// memory is kept for the next turn; where memory is out, what is left is never freed.
    void takeBack(std::vector<const Entry*>& rest, std::vector<RetiredObject>& restObjects,
                  std::size_t restBytes) noexcept;

private:
    template <class T>
    static void makeRoom(std::vector<T>& list, std::size_t count) {
        if (list.capacity() - list.size() < count) [[unlikely]]
            list.reserve(2 * list.capacity() + count);
    }
};

/// What one thread writes down about its use of one store: counts, a sample of the keys it read in
/// a ring that loses what does not fit, and what it retired. Only its thread writes, but for the
/// retired, which `busy` guards; a thread that ends leaves it to the one that takes over its slot.
struct alignas(64) ThreadRecord {
    static constexpr std::uint32_t kSamples = 512;
    struct Removals {
        std::atomic<std::uint64_t> entries{0};
        std::atomic<std::uint64_t> weight{0};
    };

    std::atomic<std::uint64_t> hits{0};
    std::atomic<std::uint64_t> misses{0};
    std::atomic<std::uint32_t> written{0};
    std::atomic<std::uint32_t> turn{0};
    /// False once the ring has been found full, so that reads need not look; until it is drained.
    std::atomic<bool> open{true};
    std::atomic<std::uint64_t> fills{0};
    std::atomic<std::uint64_t> writes{0};
    std::atomic<bool> busy{false};
    RetiredList retired;
    std::array<Removals, 5> removals{};
    std::array<std::atomic<std::uint32_t>, kSamples> samples{};
    alignas(64) std::atomic<std::uint32_t> read{0};

    /// Of a counter that only this thread writes.
    static void add(std::atomic<std::uint64_t>& counter, std::uint64_t amount) noexcept {
#if defined(__x86_64__) && !defined(OXCACHE_MEMORY_TSAN)
        // The same in one instruction.
        asm("addq %1, %0" : "+m"(counter) : "er"(amount) : "cc");
        return;
#endif
        counter.store(counter.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
    }
    void countRemovals(std::size_t cause, std::uint64_t entries, std::uint64_t weight) noexcept {
        add(removals[cause].entries, entries);
        add(removals[cause].weight, weight);
    }
    void sample(std::uint32_t hash) noexcept {
        const std::uint32_t at = written.load(std::memory_order_relaxed);
        if (at - read.load(std::memory_order_acquire) >= kSamples)
            return open.store(false, std::memory_order_relaxed);
        samples[at % kSamples].store(hash, std::memory_order_relaxed);
        written.store(at + 1, std::memory_order_release);
    }
    /// Samples in the ring.
    std::uint32_t waiting() const noexcept {
        return written.load(std::memory_order_relaxed) - read.load(std::memory_order_relaxed);
    }
    /// One caller at a time.
    void drain(std::uint32_t limit, FunctionRef<void(std::uint32_t)> reader) {
        std::uint32_t at = read.load(std::memory_order_relaxed);
        const std::uint32_t end = written.load(std::memory_order_acquire);
        for (; at != end && limit > 0; --limit)
            reader(samples[at++ % kSamples].load(std::memory_order_relaxed));
        read.store(at, std::memory_order_release);
        if (!open.load(std::memory_order_relaxed)) open.store(true, std::memory_order_relaxed);
    }
    /// The retired are borrowed only while they are noted down or handed over, never while user
    /// code runs.
    bool tryBorrowRetired() noexcept { return !busy.exchange(true, std::memory_order_acquire); }
    void borrowRetired() noexcept {
        if (!tryBorrowRetired()) [[unlikely]]
            awaitRetired();
    }
    void returnRetired() noexcept { busy.store(false, std::memory_order_release); }
    /// Returns the retired, and frees of them what nobody reads any more, once it is worth the
    /// trouble. To be called without locks.
    void reclaimBorrowed() noexcept {
        if (retired.resting()) [[likely]]
            return returnRetired();
        retired.due() ? collectBorrowed(false) : freeFewBorrowed();
    }
    /// The same at once, `all` there is or as much as can be had without waiting.
    OXCACHE_INTERNAL void collectBorrowed(bool all) noexcept;

private:
    OXCACHE_INTERNAL void awaitRetired() noexcept;
    OXCACHE_INTERNAL void freeFewBorrowed() noexcept;
};

/// The records of one store, by thread slot.
class ThreadRecords {
public:
    ThreadRecords() noexcept;
    ~ThreadRecords();
    ThreadRecords(const ThreadRecords&) = delete;
    ThreadRecords& operator=(const ThreadRecords&) = delete;

    /// The calling thread's.
    ThreadRecord& of(ThreadSlot& slot) {
        return slot.recordOwner == id_ ? *static_cast<ThreadRecord*>(slot.record) : fetch(slot);
    }
    std::uint64_t id() const noexcept { return id_; }
    ThreadRecord* at(std::uint32_t index) const noexcept;
    /// Slots that may have a record.
    std::uint32_t end() const noexcept { return end_.load(std::memory_order_acquire); }
    void forEach(FunctionRef<void(ThreadRecord&)> reader) const;

private:
    static constexpr std::uint32_t kPage = 64;
    static constexpr std::uint32_t kPages = 1024;
    using Page = std::array<std::atomic<ThreadRecord*>, kPage>;

    OXCACHE_INTERNAL ThreadRecord& fetch(ThreadSlot& slot);

    /// Never given twice, so that a slot's note cannot mean a store that came later.
    const std::uint64_t id_;
    std::atomic<std::uint32_t> end_{0};
    std::array<std::atomic<Page*>, kPages> pages_{};
};

}  // namespace oxcache::memory
