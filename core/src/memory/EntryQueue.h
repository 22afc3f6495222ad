#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

#include "EntryLink.h"
#include "EntryTable.h"

namespace oxcache::memory {

/// Entries in order of arrival, by where they are in the table: four bytes each, and whoever takes
/// an entry's place in the table has its place here. An entry knows its position, so that leaving
/// from the middle takes constant time and leaves a hole; holes are squeezed out when they are the
/// larger part. For one thread at a time.
class EntryQueue {
public:
    static constexpr TableIndex kHole = UINT32_MAX;
    using Slots = std::deque<TableIndex>;

    explicit EntryQueue(bool main) noexcept : main_(main) {}

    bool empty() const noexcept { return live_ == 0; }
    std::size_t size() const noexcept { return live_; }
    /// In the order in which they would be looked at.
    const Slots& slots() const noexcept { return slots_; }

    /// Walks along the positions: the slot at `position` or the next there is; false at the end.
    /// Entries that move meanwhile move towards the end.
    bool step(std::uint64_t& position, TableIndex& at) const noexcept {
        const std::uint64_t index = position - head_ < slots_.size() ? position - head_ : 0;
        if (slots_.empty() || position == head_ + slots_.size()) return false;
        at = slots_[index];
        position = head_ + index + 1;
        return true;
    }
    std::uint64_t beginning() const noexcept { return head_; }

    /// The oldest; not to be called when empty.
    TableIndex front() noexcept {
        while (slots_.front() == kHole) dropFront();
        return slots_.front();
    }
    void popFront() noexcept {
        front();
        dropFront();
        --live_;
    }
    /// For the next pushBack(); what it takes of memory is taken here.
    void makeRoom(const EntryTable& table) {
        if (slots_.size() > 2 * live_ + 64) squeeze(table);
        slots_.push_back(kHole);
    }
    /// `at` is the entry's in the table. After makeRoom().
    void pushBack(const Entry& entry, TableIndex at) noexcept {
        slots_.back() = at;
        ++live_;
        settle(entry, head_ + slots_.size() - 1);
    }
    void erase(const Entry& entry) noexcept {
        slots_[indexOf(entry)] = kHole;
        --live_;
    }
    /// The entry is elsewhere in the table now.
    void move(const Entry& entry, TableIndex at) noexcept { slots_[indexOf(entry)] = at; }

    /// Gives everything that is queued, and the holes, to an empty list.
    void giveAll(Slots& to) noexcept {
        live_ = 0;
        head_ = 0;
        slots_.swap(to);
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
    void squeeze(const EntryTable& table) {
        head_ += std::erase(slots_, kHole);
        for (std::size_t i = 0; i < slots_.size(); ++i) settle(*table.at(slots_[i]), head_ + i);
    }

    const bool main_;
    std::uint64_t head_ = 0;
    std::size_t live_ = 0;
    Slots slots_;
};

}  // namespace oxcache::memory
