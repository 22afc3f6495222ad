#include "ThreadRecords.h"

#include <algorithm>
#include <new>
#include <span>
#include <thread>
#include <utility>

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
bool hold(std::vector<const Entry*>& list, std::span<const Entry* const> entries) noexcept {
    try {
        list.assign(entries.begin(), entries.end());
        return true;
    } catch (const std::bad_alloc&) {
        return false;
    }
}

void free(std::span<const Entry* const> entries) noexcept {
    for (const Entry* entry : entries) entry->release();
}

}  // namespace

void RetiredList::takeBack(std::vector<const Entry*>& rest, std::vector<RetiredObject>& restObjects,
                           std::size_t restBytes) noexcept {
    bytes += restBytes;
    collectAt = rest.size() + kCollectEntries;
    collectBytesAt = restBytes + kCollectBytes;
    try {
        rest.insert(rest.end(), entries.begin(), entries.end());
        entries.swap(rest);
        objects.insert(objects.end(), restObjects.begin(), restObjects.end());
    } catch (const std::bad_alloc&) {
        collectAt = kCollectEntries;
    }
}

void ThreadRecord::awaitRetired() noexcept {
    while (!tryBorrowRetired()) std::this_thread::yield();
}

void ThreadRecord::collectBorrowed(bool all) noexcept {
    const bool patient = all || retired.pressing();
    const bool atOnce = all || retired.heavy();
    std::vector<const Entry*> going = std::exchange(retired.entries, {});
    std::vector<const Entry*> unread = std::exchange(retired.unread, {});
    std::vector<RetiredObject> objects = std::exchange(retired.objects, {});
    std::size_t bytes = std::exchange(retired.bytes, 0);
    returnRetired();
    free(unread);
    unread.clear();
    if ((!going.empty() || !objects.empty()) && findsEnded(patient)) {
        for (const RetiredObject& one : objects) one.free();
        objects.clear();
        const auto seen = going.begin() + static_cast<std::ptrdiff_t>(separateUnread(going));
        if (atOnce || !hold(unread, {going.begin(), seen})) free({going.begin(), seen});
        going.erase(going.begin(), seen);
        bytes = 0;
        for (const Entry* one : going) bytes += one->footprint();
    }
    borrowRetired();
    retired.unread.swap(unread);
    retired.takeBack(going, objects, bytes);
    returnRetired();
    free(unread);
}

void ThreadRecord::freeFewBorrowed() noexcept {
    std::array<const Entry*, RetiredList::kFew> few;
    const std::size_t count = std::min(few.size(), retired.unread.size());
    const auto from = retired.unread.end() - static_cast<std::ptrdiff_t>(count);
    std::copy(from, retired.unread.end(), few.begin());
    retired.unread.erase(from, retired.unread.end());
    returnRetired();
    free({few.data(), count});
}

ThreadRecords::ThreadRecords() noexcept : id_(nextId()) {}

ThreadRecords::~ThreadRecords() {
    for (std::atomic<Page*>& slot : pages_) {
        Page* page = slot.load(std::memory_order_acquire);
        if (page == nullptr) continue;
        for (std::atomic<ThreadRecord*>& place : *page) {
            ThreadRecord* record = place.load();
            if (record == nullptr) continue;
            free(record->retired.entries);
            free(record->retired.unread);
            for (const RetiredObject& one : record->retired.objects) one.free();
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
