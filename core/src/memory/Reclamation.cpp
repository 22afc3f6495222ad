#include "Reclamation.h"

#include <pthread.h>

#include <algorithm>
#include <new>
#include <thread>

namespace oxcache::memory {
namespace {

// All slots ever made, newest first.
constinit std::atomic<ThreadSlot*> slots{nullptr};

// The key's destructor runs after those of thread_local objects, and again if one of its kind
// brought the slot back.
void leaveSlot(void* raw) {
    currentSlot = nullptr;
    static_cast<ThreadSlot*>(raw)->taken.store(false, std::memory_order_release);
}

// Where a process has no key left, slots stay with their threads for ever.
void leaveAtEnd(ThreadSlot* slot) {
    static pthread_key_t key{};
    static const bool kMade = pthread_key_create(&key, &leaveSlot) == 0;
    if (kMade) pthread_setspecific(key, slot);
}

ThreadSlot* makeSlot() {
    auto* slot = new ThreadSlot;
    slot->next = slots.load(std::memory_order_acquire);
    do {
        slot->index = slot->next == nullptr ? 0 : slot->next->index + 1;
    } while (!slots.compare_exchange_weak(slot->next, slot, std::memory_order_acq_rel));
    return slot;
}

struct FindUnderWay {
    ThreadSlot* slot;
    std::uintptr_t seen;
};

// An entry that is put aside is so before the thread does something else, and never moves back:
// read in this order, no hold is missed.
std::vector<const Entry*> heldEntries() {
    std::vector<const Entry*> held;
    for (ThreadSlot* slot = slots.load(std::memory_order_acquire); slot != nullptr;
         slot = slot->next) {
        if (const Entry* entry = slot->reading()) held.push_back(entry);
        for (const std::atomic<const Entry*>& one : slot->aside)
            if (const Entry* entry = one.load(std::memory_order_acquire)) held.push_back(entry);
    }
    std::sort(held.begin(), held.end());
    return held;
}

}  // namespace

void ThreadSlot::count(const Entry* entry) {
    counted.push_back(entry);
    entry->retain();
}

void ThreadSlot::dropCounted() noexcept {
    const Entry* entry = counted.back();
    counted.pop_back();
    entry->release();
}

ThreadSlot* takeSlot() {
    for (ThreadSlot* slot = slots.load(std::memory_order_acquire); slot != nullptr;
         slot = slot->next) {
        bool taken = false;
        if (!slot->taken.load(std::memory_order_relaxed) &&
            slot->taken.compare_exchange_strong(taken, true, std::memory_order_acq_rel)) {
            currentSlot = slot;
            break;
        }
    }
    if (currentSlot == nullptr) currentSlot = makeSlot();
    leaveAtEnd(currentSlot);
    return currentSlot;
}

bool findsEnded(bool patient) noexcept {
    heavyBarrier();
    std::vector<FindUnderWay> finds;
    try {
        for (ThreadSlot* slot = slots.load(std::memory_order_acquire); slot != nullptr;
             slot = slot->next) {
            const std::uintptr_t seen = lookAt(slot->doing);
            if (seen % 2 != 0) finds.push_back({slot, seen});
        }
    } catch (const std::bad_alloc&) {
        return false;
    }
    for (const FindUnderWay& find : finds)
        for (unsigned spins = 0; find.slot->doing.load(std::memory_order_acquire) == find.seen;) {
            if (++spins < 1000) continue;
            if (!patient) return false;
            std::this_thread::yield();
        }
    return true;
}

// A find that began before the unlinking has ended and left what it holds in its slot.
std::size_t separateUnread(std::vector<const Entry*>& retired) noexcept {
    std::vector<const Entry*> held;
    try {
        held = heldEntries();
    } catch (const std::bad_alloc&) {
        return 0;
    }
    if (held.empty()) return retired.size();
    const auto firstHeld = std::partition(retired.begin(), retired.end(), [&](const Entry* one) {
        return !std::binary_search(held.begin(), held.end(), one);
    });
    return static_cast<std::size_t>(firstHeld - retired.begin());
}

}  // namespace oxcache::memory
