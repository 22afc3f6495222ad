#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "Reclamation.h"
#include "oxcache/base/FunctionRef.h"

namespace oxcache::memory {

/// What one thread writes down about its reads of one store: counts, and a sample of the keys in a
/// ring that loses what does not fit. Only its thread writes; a thread that ends leaves it to the
/// one that takes over its slot.
struct alignas(64) ReadRecord {
    static constexpr std::uint32_t kSamples = 512;

    std::atomic<std::uint64_t> hits{0};
    std::atomic<std::uint64_t> misses{0};
    std::atomic<std::uint32_t> written{0};
    /// The thread's writes.
    std::atomic<std::uint32_t> writes{0};
    std::array<std::atomic<std::uint32_t>, kSamples> samples{};
    alignas(64) std::atomic<std::uint32_t> read{0};

    static void add(std::atomic<std::uint64_t>& counter, std::uint64_t amount) noexcept {
        counter.store(counter.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
    }
    void sample(std::uint32_t hash) noexcept {
        const std::uint32_t at = written.load(std::memory_order_relaxed);
        if (at - read.load(std::memory_order_acquire) >= kSamples) return;
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
    }
};

/// The records of one store, by thread slot.
class ReadRecords {
public:
    ReadRecords() noexcept;
    ~ReadRecords();
    ReadRecords(const ReadRecords&) = delete;
    ReadRecords& operator=(const ReadRecords&) = delete;

    /// The calling thread's.
    ReadRecord& of(ThreadSlot& slot) {
        return slot.recordOwner == id_ ? *static_cast<ReadRecord*>(slot.record) : fetch(slot);
    }
    ReadRecord* at(std::uint32_t index) const noexcept;
    /// Slots that may have a record.
    std::uint32_t end() const noexcept { return end_.load(std::memory_order_acquire); }
    void forEach(FunctionRef<void(const ReadRecord&)> reader) const;

private:
    static constexpr std::uint32_t kPage = 64;
    static constexpr std::uint32_t kPages = 1024;
    using Page = std::array<std::atomic<ReadRecord*>, kPage>;

    ReadRecord& fetch(ThreadSlot& slot);

    /// Never given twice, so that a slot's note cannot mean a store that came later.
    const std::uint64_t id_;
    std::atomic<std::uint32_t> end_{0};
    std::array<std::atomic<Page*>, kPages> pages_{};
};

}  // namespace oxcache::memory
