#pragma once

#include <atomic>
#include <cstdint>

namespace oxcache::memory {

/// The store's bounds and what is taken of them. Room is taken before an entry is linked and given
/// back after it is unlinked, so the linked entries never exceed the bounds. Thread-safe.
class Budget {
public:
    Budget(std::uint64_t maxEntries, std::uint64_t maxBytes) noexcept {
        resize(maxEntries, maxBytes);
    }

    /// `maxBytes` 0: not bounded.
    void resize(std::uint64_t maxEntries, std::uint64_t maxBytes) noexcept {
        maxEntries_.store(maxEntries, std::memory_order_relaxed);
        maxBytes_.store(maxBytes == 0 ? UINT64_MAX : maxBytes, std::memory_order_relaxed);
    }
    std::uint64_t maxEntries() const noexcept {
        return maxEntries_.load(std::memory_order_relaxed);
    }
    std::uint64_t maxBytes() const noexcept { return maxBytes_.load(std::memory_order_relaxed); }
    bool boundsBytes() const noexcept { return maxBytes() != UINT64_MAX; }
    std::uint64_t entries() const noexcept { return entries_.load(std::memory_order_acquire); }
    std::uint64_t bytes() const noexcept { return bytes_.load(std::memory_order_acquire); }
    bool exceeded() const noexcept { return entries() > maxEntries() || bytes() > maxBytes(); }

    /// How many entries there will be when it is full, going by those that are there.
    std::uint64_t fullEntries() const noexcept {
        const std::uint64_t used = bytes();
        if (!boundsBytes() || used == 0) return maxEntries();
        const double times = static_cast<double>(maxBytes()) / static_cast<double>(used);
        const double full = static_cast<double>(entries()) * times;
        return full < static_cast<double>(maxEntries()) ? static_cast<std::uint64_t>(full)
                                                        : maxEntries();
    }

    /// All or nothing.
    bool take(std::uint64_t entries, std::uint64_t bytes) noexcept {
        if (!takeOf(entries_, entries, maxEntries())) return false;
        if (takeOf(bytes_, bytes, maxBytes())) return true;
        giveBack(entries, 0);
        return false;
    }
    void giveBack(std::uint64_t entries, std::uint64_t bytes) noexcept {
        if (entries != 0) entries_.fetch_sub(entries, std::memory_order_acq_rel);
        if (bytes != 0) bytes_.fetch_sub(bytes, std::memory_order_acq_rel);
    }

private:
    static bool takeOf(std::atomic<std::uint64_t>& used, std::uint64_t amount,
                       std::uint64_t limit) noexcept {
        if (amount == 0) return true;
        std::uint64_t now = used.load(std::memory_order_relaxed);
        while (amount <= limit && now <= limit - amount)
            if (used.compare_exchange_weak(now, now + amount, std::memory_order_acq_rel))
                return true;
        return false;
    }

    // Read on every write; kept off the lines that every write changes.
    alignas(64) std::atomic<std::uint64_t> maxEntries_{0};
    std::atomic<std::uint64_t> maxBytes_{0};
    alignas(64) std::atomic<std::uint64_t> entries_{0};
    std::atomic<std::uint64_t> bytes_{0};
};

/// Room taken from a Budget and not yet used; what is left goes back.
class Room {
public:
    explicit Room(Budget& budget) noexcept : budget_(budget) {}
    ~Room() { giveBack(); }
    Room(const Room&) = delete;
    Room& operator=(const Room&) = delete;

    /// Makes sure that this much is there; takes what is missing from the budget.
    bool cover(std::uint64_t entries, std::uint64_t bytes) noexcept {
        if (entries <= entries_ && bytes <= bytes_) return true;
        const std::uint64_t moreEntries = entries > entries_ ? entries - entries_ : 0;
        const std::uint64_t moreBytes = bytes > bytes_ ? bytes - bytes_ : 0;
        if (!budget_.take(moreEntries, moreBytes)) return false;
        entries_ += moreEntries;
        bytes_ += moreBytes;
        return true;
    }
    void use(std::uint64_t entries, std::uint64_t bytes) noexcept {
        entries_ -= entries;
        bytes_ -= bytes;
    }
    void add(std::uint64_t entries, std::uint64_t bytes) noexcept {
        entries_ += entries;
        bytes_ += bytes;
    }
    void giveBack() noexcept {
        if ((entries_ | bytes_) == 0) return;
        budget_.giveBack(entries_, bytes_);
        entries_ = bytes_ = 0;
    }

private:
    Budget& budget_;
    std::uint64_t entries_ = 0;
    std::uint64_t bytes_ = 0;
};

}  // namespace oxcache::memory
