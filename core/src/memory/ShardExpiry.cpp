// How entries leave that nobody asked for: by their deadlines, and by their tags.
#include "Shard.h"

namespace oxcache::memory {

void Shard::time(std::uint64_t hash, const Entry& entry) {
    const std::int64_t due = EntryLink::dueAt(entry);
    if (due >= EntryLink::kNoDeadline) return;
    Place place = EntryLink::place(entry);
    place.timed = true;
    place.bucket = wheel_.record(KeyHash::tablePart(hash), due);
    EntryLink::setPlace(entry, place);
    if (wheel_.size() > entries_.load(std::memory_order_relaxed) * 3 / 2 + 512) rebuildWheel();
}

// Records of entries that have left stay until their time; when they are too many, start anew.
void Shard::rebuildWheel() {
    wheel_.clear();
    for (const EntryQueue* queue : {&window_, &main_})
        for (const Entry* entry : queue->slots()) {
            if (entry == nullptr) continue;
            Place place = EntryLink::place(*entry);
            if (!place.timed) continue;
            place.bucket =
                wheel_.record(KeyHash::tablePart(hashOf(*entry)), EntryLink::dueAt(*entry));
            EntryLink::setPlace(*entry, place);
        }
}

// The record is a hash, so it may name several entries; what it finds expired goes, whoever it was
// made for, and the one it was made for gets the next record.
void Shard::due(TableHash hash, std::uint8_t bucket, std::int64_t now, Room& room,
                Aftermath& aftermath) {
    table().candidates(hash, [&](const Entry& entry) OXCACHE_NO_THREAD_SAFETY_ANALYSIS {
        Place place = EntryLink::place(entry);
        if (!place.timed) return;
        if (EntryLink::expired(entry, now)) {
            unlink(hashOf(entry), entry, RemovalCause::Expired, room, aftermath);
        } else if (place.bucket == bucket) {
            place.bucket =
                wheel_.record(KeyHash::tablePart(hashOf(entry)), EntryLink::dueAt(entry));
            EntryLink::setPlace(entry, place);
        }
    });
}

void Shard::maintain(std::int64_t now, Room& room, Aftermath& aftermath) {
    if (!wheel_.quiet(now))
        wheel_.advance(now, 64,
                       [&](TableHash hash, std::uint8_t bucket) OXCACHE_NO_THREAD_SAFETY_ANALYSIS {
                           due(hash, bucket, now, room, aftermath);
                       });
    if (!detached_.empty()) drainDetached(64, aftermath);
    if (audited_ != commons_.tags.invalidations()) audit(now, 64, room, aftermath);
}

void Shard::maintainFully(std::int64_t now, Room& room, Aftermath& aftermath) {
    const std::size_t all = wheel_.size();
    wheel_.advanceToTheMillisecond(
        now, all, [&](TableHash hash, std::uint8_t bucket) OXCACHE_NO_THREAD_SAFETY_ANALYSIS {
            due(hash, bucket, now, room, aftermath);
        });
    drainDetached(SIZE_MAX, aftermath);
    auditAt_ = 0;
    if (audited_ != commons_.tags.invalidations()) audit(now, SIZE_MAX, room, aftermath);
}

// Looks for entries whose tags have been invalidated, since nobody is told which they are. Entries
// that move meanwhile may be overlooked; they are never given out, and leave when their turn comes.
void Shard::audit(std::int64_t now, std::size_t steps, Room& room, Aftermath& aftermath) {
    if (auditAt_ == 0) auditing_ = commons_.tags.invalidations();
    for (; steps > 0; --steps) {
        const std::size_t windowSlots = window_.slots().size();
        if (auditAt_ >= windowSlots + main_.slots().size()) {
            audited_ = auditing_;
            auditAt_ = 0;
            return;
        }
        const Entry* entry = auditAt_ < windowSlots ? window_.slots()[auditAt_]
                                                    : main_.slots()[auditAt_ - windowSlots];
        ++auditAt_;
        if (entry != nullptr && !EntryLink::alive(*entry, now))
            unlink(hashOf(*entry), *entry,
                   EntryLink::expired(*entry, now) ? RemovalCause::Expired : RemovalCause::Explicit,
                   room, aftermath);
    }
}

}  // namespace oxcache::memory
