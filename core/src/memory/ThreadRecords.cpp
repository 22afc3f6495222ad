#include "ThreadRecords.h"

#include <new>
#include <span>
#include <thread>

namespace oxcache::memory {
namespace {

std::uint64_t nextId() noexcept {
    static std::atomic<std::uint64_t> last{0};
    return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

template <class T>
T& made(std::atomic<T*>& place) {
    T* there = place.load(std::memory_order_acquire);
    if (there != nullptr) return *there;
    T* fresh = new T{};
    if (place.compare_exchange_strong(there, fresh, std::memory_order_acq_rel)) return *fresh;
    delete fresh;
    return *there;
}

// False where memory is out.
bool hold(std::vector<Retired>& list, std::span<const Retired> items) noexcept {
    try {
        list.assign(items.begin(), items.end());
        return true;
    } catch (const std::bad_alloc&) {
        return false;
    }
}

}  // namespace

void RetiredList::takeBack(std::vector<Retired>& rest) noexcept {
    std::size_t left = 0;
    for (const Retired& one : rest) left += one.heldAs() == nullptr ? 0 : one.heldAs()->footprint();
    bytes += left;
    collectAt = rest.size() + kCollectEntries;
    collectBytesAt = left + kCollectBytes;
    try {
        rest.insert(rest.end(), items.begin(), items.end());
        items.swap(rest);
    } catch (const std::bad_alloc&) {
        collectAt = kCollectEntries;
    }
}

void ThreadRecord::borrowRetired() noexcept {
    while (!tryBorrowRetired()) std::this_thread::yield();
}

void ThreadRecord::reclaimBorrowed(bool all) noexcept {
    if (!all && !retired.due())
        return retired.items.size() % RetiredList::kTurns == 0 ? freeFew() : returnRetired();
    const bool patient = all || retired.pressing();
    const bool atOnce = all || retired.heavy();
    std::vector<Retired> going = retired.take();
    std::vector<Retired> unread = std::exchange(retired.unread, {});
    returnRetired();
    for (const Retired& one : unread) one.free();
    unread.clear();
    const auto seen = going.begin() + static_cast<std::ptrdiff_t>(separateUnread(going, patient));
    if (atOnce || !hold(unread, {going.begin(), seen}))
        for (auto one = going.begin(); one != seen; ++one) one->free();
    going.erase(going.begin(), seen);
    borrowRetired();
    retired.unread.swap(unread);
    retired.takeBack(going);
    returnRetired();
    for (const Retired& one : unread) one.free();
}

void ThreadRecord::freeFew() noexcept {
    Retired few[RetiredList::kFew];
    std::size_t count = 0;
    for (; count < RetiredList::kFew && !retired.unread.empty(); ++count) {
        few[count] = retired.unread.back();
        retired.unread.pop_back();
    }
    returnRetired();
    for (std::size_t i = 0; i < count; ++i) few[i].free();
}

ThreadRecords::ThreadRecords() noexcept : id_(nextId()) {}

ThreadRecords::~ThreadRecords() {
    for (std::atomic<Page*>& slot : pages_) {
        Page* page = slot.load(std::memory_order_acquire);
        if (page == nullptr) continue;
        for (std::atomic<ThreadRecord*>& place : *page) {
            ThreadRecord* record = place.load();
            if (record == nullptr) continue;
            for (const Retired& one : record->retired.items) one.free();
            for (const Retired& one : record->retired.unread) one.free();
            delete record;
        }
        delete page;
    }
}

ThreadRecord& ThreadRecords::fetch(ThreadSlot& slot) {
    // Beyond 65,536 threads at one time two share a record, and may lose a count to each other.
    const std::uint32_t index = slot.index % (kPage * kPages);
    ThreadRecord& record = made(made(pages_[index / kPage])[index % kPage]);
    std::uint32_t end = end_.load(std::memory_order_relaxed);
    while (end <= index && !end_.compare_exchange_weak(end, index + 1, std::memory_order_acq_rel)) {
    }
    slot.recordOwner = id_;
    slot.record = &record;
    return record;
}

ThreadRecord* ThreadRecords::at(std::uint32_t index) const noexcept {
    const Page* page = pages_[index / kPage].load(std::memory_order_acquire);
    return page == nullptr ? nullptr : (*page)[index % kPage].load(std::memory_order_acquire);
}

void ThreadRecords::forEach(FunctionRef<void(ThreadRecord&)> reader) const {
    for (std::uint32_t i = 0; i < end(); ++i)
        if (ThreadRecord* record = at(i)) reader(*record);
}

}  // namespace oxcache::memory
