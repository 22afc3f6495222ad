#include "ThreadRecords.h"

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

}  // namespace

void RetiredList::takeBack(std::vector<Retired>& rest) {
    std::size_t left = 0;
    for (const Retired& one : rest) left += one.heldAs() == nullptr ? 0 : one.heldAs()->footprint();
    bytes += left;
    collectAt = rest.size() + kCollectEntries;
    collectBytesAt = left + kCollectBytes;
    if (items.empty())
        items.swap(rest);
    else
        items.insert(items.end(), rest.begin(), rest.end());
}

void ThreadRecord::borrowRetired() noexcept {
    while (!tryBorrowRetired()) std::this_thread::yield();
}

void ThreadRecord::reclaimBorrowed(bool all) {
    const bool patient = all || retired.pressing();
    std::vector<Retired> going;
    if (all || retired.due()) going = retired.take();
    returnRetired();
    if (going.empty()) return;
    reclaim(going, patient);
    borrowRetired();
    retired.takeBack(going);
    returnRetired();
}

ThreadRecords::ThreadRecords() noexcept : id_(nextId()) {}

ThreadRecords::~ThreadRecords() {
    for (std::atomic<Page*>& slot : pages_) {
        Page* page = slot.load(std::memory_order_acquire);
        if (page == nullptr) continue;
        for (std::atomic<ThreadRecord*>& place : *page) {
            ThreadRecord* record = place.load();
            if (record == nullptr) continue;
            for (const Retired& retired : record->retired.items) retired.free();
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
