// How entries leave that nobody asked for: by their deadlines, and by their tags.
#include "Shard.h"

namespace oxcache::memory {

void Shard::timeUntil(std::int64_t due, std::uint64_t hash, const Entry& entry) {
    if (wheel_.size() > entries_.load(std::memory_order_relaxed) * 3 / 2 + 512) rebuildWheel();
    Place place = EntryLink::place(entry);
    place.timed = true;
    place.bucket = wheel_.record(KeyHash::tablePart(hash), due);
    EntryLink::setPlace(entry, place);
}

// Records of entries that have left stay until their time; when they are too many, start anew.
void Shard::rebuildWheel() {
    wheel_.clear();
    table_->forEach([&](TableIndex, const Entry& entry) OXCACHE_NO_THREAD_SAFETY_ANALYSIS {
        Place place = EntryLink::place(entry);
        if (!place.timed) return;
        place.bucket = wheel_.record(KeyHash::tablePart(hashOf(entry)), EntryLink::dueAt(entry));
        EntryLink::setPlace(entry, place);
    });
}

// The record is a hash, so it may name several entries; what it finds expired goes, whoever it was
// made for, and the one it was made for gets the next record.
void Shard::due(TableHash hash, std::uint8_t bucket, std::int64_t now, Room& room,
                Aftermath& aftermath) {
    table_->candidates(hash, [&](const Found& found) OXCACHE_NO_THREAD_SAFETY_ANALYSIS {
        const Entry& entry = *found.entry;
        Place place = EntryLink::place(entry);
        if (!place.timed) return;
        if (EntryLink::expired(entry, now)) {
            unlink(hashOf(entry), found, RemovalCause::Expired, room, aftermath);
        } else if (place.bucket == bucket) {
            place.bucket =
                wheel_.record(KeyHash::tablePart(hashOf(entry)), EntryLink::dueAt(entry));
            EntryLink::setPlace(entry, place);
        }
    });
}

void Shard::maintainSome(std::int64_t now, Room& room, Aftermath& aftermath) {
    if (!wheel_.quiet(now))
        wheel_.advance(now, 64,
                       [&](TableHash hash, std::uint8_t bucket) OXCACHE_NO_THREAD_SAFETY_ANALYSIS {
                           due(hash, bucket, now, room, aftermath);
                       });
    if (!detached_.empty()) drainDetached(kDrained, aftermath);
    if (audited_ != commons_.tags.invalidations()) audit(now, 64, room, aftermath);
}

void Shard::maintainFully(std::int64_t now, Room& room, Aftermath& aftermath) {
    const std::size_t all = wheel_.size();
    wheel_.advanceToTheMillisecond(
        now, all, [&](TableHash hash, std::uint8_t bucket) OXCACHE_NO_THREAD_SAFETY_ANALYSIS {
            due(hash, bucket, now, room, aftermath);
        });
    drainDetached(SIZE_MAX, aftermath);
    auditMoves_ = false;
    if (audited_ != commons_.tags.invalidations()) audit(now, SIZE_MAX, room, aftermath);
}

// Looks for entries whose tags have been invalidated, since nobody is told which they are: along
// the window, then along the main queue, where whatever leaves the window is put at the end.
void Shard::audit(std::int64_t now, std::size_t steps, Room& room, Aftermath& aftermath) {
    if (!auditMoves_) {
        auditing_ = commons_.tags.invalidations();
        auditAt_ = window_.beginning();
        auditMain_ = false;
        auditMoves_ = true;
    }
    for (; steps > 0; --steps) {
        TableIndex at = EntryQueue::kHole;
        if (!(auditMain_ ? main_ : window_).step(auditAt_, at)) {
            if (auditMain_) {
                audited_ = auditing_;
                auditMoves_ = false;
                return;
            }
            auditMain_ = true;
            auditAt_ = main_.beginning();
            continue;
        }
        if (at == EntryQueue::kHole) continue;
        const Entry& entry = *table_->at(at);
        if (EntryLink::alive(entry, now)) continue;
        unlink(hashOf(entry), {&entry, at}, causeOf(RemovalCause::Explicit, entry, now), room,
               aftermath);
    }
}

}  // namespace oxcache::memory
