#pragma once

#include <atomic>

#include "Sanitizer.h"
#include "oxcache/base/Export.h"

namespace oxcache::memory {

/// For two sides that each store and then look whether the other has stored (Dekker), one of which
/// is in a hurry: that one announces itself and then reads what the other changes; the other
/// changes it, passes the barrier and looks. Then the hurried side has read the change, or the
/// other sees it. The hurried side pays a plain store, since membarrier(2) makes the barrier for
/// it; where there is none, and under ThreadSanitizer, both sides pay read-modify-writes of the
/// announcement, which order what comes before one with what comes after the other.
OXCACHE_INTERNAL extern const bool kPlainAnnouncements;

/// Where kPlainAnnouncements is known to hold.
template <class T>
void announcePlainly(std::atomic<T>& where, T value) noexcept {
    where.store(value, std::memory_order_release);
    std::atomic_signal_fence(std::memory_order_seq_cst);
}

template <class T>
void announce(std::atomic<T>& where, T value) noexcept {
#if !defined(OXCACHE_MEMORY_TSAN)
    if (kPlainAnnouncements) [[likely]]
        return announcePlainly(where, value);
#endif
    where.exchange(value, std::memory_order_acq_rel);
}

/// The other side's, before it looks at announcements.
OXCACHE_INTERNAL void heavyBarrier() noexcept;

template <class T>
T lookAt(std::atomic<T>& announcement) noexcept {
    return kPlainAnnouncements ? announcement.load(std::memory_order_acquire)
                               : announcement.fetch_add(0, std::memory_order_acq_rel);
}

}  // namespace oxcache::memory
