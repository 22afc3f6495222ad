#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <utility>

#include "EntryLink.h"

namespace oxcache::memory {

/// Entries in order of arrival, eight bytes each. An entry knows its position, so that leaving
/// from the middle takes constant time and leaves a hole; holes are squeezed out when they are the
/// larger part. For one thread at a time.
class EntryQueue {
public:
    explicit EntryQueue(bool main) noexcept : main_(main) {}

    bool empty() const noexcept { return live_ == 0; }
    std::size_t size() const noexcept { return live_; }
    /// In the order in which they would be looked at; null in holes.
    const std::deque<const Entry*>& slots() const noexcept { return slots_; }

    /// Walks along the positions: the slot at `position` or the next there is, null in a hole;
    /// false at the end. Entries that move meanwhile move towards the end.
    bool step(std::uint64_t& position, const Entry*& entry) const noexcept {
        const std::uint64_t index = position - head_ < slots_.size() ? position - head_ : 0;
        if (slots_.empty() || position == head_ + slots_.size()) return false;
        entry = slots_[index];
        position = head_ + index + 1;
        return true;
    }
    std::uint64_t beginning() const noexcept { return head_; }

    /// The oldest; not to be called when empty.
    const Entry* front() noexcept {
        while (slots_.front() == nullptr) dropFront();
        return slots_.front();
    }
    void popFront() noexcept {
        front();
        dropFront();
        --live_;
    }
    void pushBack(const Entry* entry) {
        if (slots_.size() > 2 * live_ + 64) squeeze();
        slots_.push_back(entry);
        ++live_;
        settle(*entry, head_ + slots_.size() - 1);
    }
    void erase(const Entry& entry) noexcept {
        slots_[indexOf(entry)] = nullptr;
        --live_;
    }
    /// Takes over the old one's position, mark apart.
    void replace(const Entry& old, const Entry* entry) noexcept {
        const std::size_t index = indexOf(old);
        slots_[index] = entry;
        settle(*entry, head_ + index);
    }

    /// Everything that is queued, and the holes; empty afterwards.
    std::deque<const Entry*> takeAll() noexcept {
        live_ = 0;
        head_ = 0;
        return std::exchange(slots_, {});
    }

private:
    void dropFront() noexcept {
        slots_.pop_front();
        ++head_;
    }
    std::size_t indexOf(const Entry& entry) const noexcept {
        return (EntryLink::place(entry).position - head_) % Place::kPositions;
    }
    void settle(const Entry& entry, std::uint64_t position) const noexcept {
        Place place = EntryLink::place(entry);
        place.position = static_cast<std::uint32_t>(position % Place::kPositions);
        place.main = main_;
        EntryLink::setPlace(entry, place);
    }
    // Positions only grow, so that a walk along them meets every entry.
    void squeeze() {
        head_ += std::erase(slots_, nullptr);
        for (std::size_t i = 0; i < slots_.size(); ++i) settle(*slots_[i], head_ + i);
    }

    const bool main_;
    std::uint64_t head_ = 0;
    std::size_t live_ = 0;
    std::deque<const Entry*> slots_;
};

}  // namespace oxcache::memory
