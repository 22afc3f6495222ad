// Who stays and who leaves: Clock-W-TinyLFU. A newcomer starts in the window; what the window
// pushes out must have been asked for more often than what the main clock would give up. How often
// is the sketch's estimate of the past plus the entry's own mark; a hit only raises the mark, and
// the clock hands carry marks into the sketch. (TinyLFU: Einziger, Friedman and Manes, 2017; the
// sum over several victims: Einziger et al., "Lightweight Robust Size Aware Cache Management".)
#include <algorithm>

#include "Shard.h"

namespace oxcache::memory {
namespace {

constexpr std::size_t kMaxRounds = 512;
constexpr std::size_t kMaxLooks = 64;
constexpr int kMovesPerEviction = 4;

}  // namespace

unsigned Shard::frequency(const Entry& entry) const {
    return sketch_.frequency(KeyHash::tablePart(hashOf(entry))) + EntryLink::mark(entry);
}

bool Shard::windowFull() const {
    const bool bytes = commons_.budget.boundsBytes();
    const std::uint64_t all = (bytes ? weight_ : entries_).load(std::memory_order_relaxed);
    return (bytes ? windowWeight_ : window_.size()) >= windowTarget(all);
}

// By weight as well as by number: one heavy entry is no reason to let others pass without a
// contest.
bool Shard::windowOverfull() const {
    if (window_.size() <= 1) return false;
    const std::uint64_t target = windowTarget(entries_.load(std::memory_order_relaxed));
    if (!commons_.budget.boundsBytes()) return window_.size() > target;
    const std::uint64_t weight = windowTarget(weight_.load(std::memory_order_relaxed));
    return window_.size() > target + target / 4 && windowWeight_ > weight + weight / 4;
}

std::uint64_t Shard::windowTarget(std::uint64_t all) const {
    const double share = commons_.windowShare.load(std::memory_order_relaxed);
    return std::max<std::uint64_t>(
        1, static_cast<std::uint64_t>(static_cast<double>(all) * share + 0.5));
}

// The oldest unmarked entry of the queue; marked ones start anew at the end. A round is paid for by
// the hit that set the mark. In the main queue every mark is a round, in the window all are one: it
// is there for what is recent. Where all are marked none is found this time.
Found Shard::victim(EntryQueue& queue) {
    for (std::size_t rounds = 0; !queue.empty() && rounds < kMaxRounds; ++rounds) {
        const Found found = oldest(queue);
        const std::uint8_t mark = EntryLink::mark(*found.entry);
        if (mark == 0) return found;
        const std::uint8_t taken = &queue == &window_ ? mark : 1;
        EntryLink::setMark(*found.entry, static_cast<std::uint8_t>(mark - taken));
        sketch_.add(KeyHash::tablePart(hashOf(*found.entry)), taken);
        queue.makeRoom(*table_);
        queue.popFront();
        queue.pushBack(*found.entry, found.at);
    }
    return {};
}

// The window's oldest goes to the main queue without a contest, because there is room for it.
void Shard::promote() {
    const TableIndex at = window_.front();
    const Entry& entry = *table_->at(at);
    main_.makeRoom(*table_);
    window_.popFront();
    windowWeight_ -= EntryLink::weight(entry);
    main_.pushBack(entry, at);
}

// While there is room, what is oldest in the window goes to the main queue as more arrives.
void Shard::settleWindow() {
    const Budget& budget = commons_.budget;
    const bool bytes = budget.boundsBytes();
    if (bytes && budget.bytes() > budget.maxBytes() / 16 * 15) return;
    const std::uint64_t target =
        windowTarget((bytes ? weight_ : entries_).load(std::memory_order_relaxed));
    for (int moves = kMovesPerEviction; moves > 0 && window_.size() > 1; --moves) {
        if ((bytes ? windowWeight_ : window_.size()) <= target) return;
        promote();
    }
}

// Against all the victims that would make room for the candidate. A tie is lost: what is new must
// be better. That a victim was asked for once says nothing, so many who were count as one; of a
// heavy victim counts what the candidate would use, twice. A frequent candidate that loses is let
// in now and then all the same, so that nobody can keep a key out by making others look frequent.
bool Shard::wins(const Entry& candidate) {
    const unsigned chance = frequency(candidate);
    const bool bytes = commons_.budget.boundsBytes();
    const std::uint64_t needed = bytes ? EntryLink::weight(candidate) : 1;
    std::uint64_t gained = 0;
    double once = 0;
    double again = 0;
    std::size_t looks = 0;
    for (const TableIndex at : main_.slots()) {
        if (++looks > kMaxLooks) break;
        if (at == EntryQueue::kHole) continue;
        const Entry* resident = table_->at(at);
        if (EntryLink::mark(*resident) != 0) continue;
        const std::uint64_t weight = bytes ? EntryLink::weight(*resident) : 1;
        const double part =
            weight <= 2 * (needed - gained)
                ? 1
                : 2 * static_cast<double>(needed - gained) / static_cast<double>(weight);
        if (const unsigned times = frequency(*resident); times > 0) {
            once = std::max(once, part);
            again += part * (times - 1);
        }
        gained += weight;
        if (gained >= needed || once + again >= chance) break;
    }
    if (chance > once + again) return true;
    lottery_ = lottery_ * 1'664'525 + 1'013'904'223;
    return chance > 5 && lottery_ >> 25 == 0;
}

bool Shard::evict(std::int64_t now, Room& room, Aftermath& aftermath) {
    for (int moves = kMovesPerEviction; moves > 0 && windowOverfull(); --moves) {
        victim(window_);
        promote();
    }
    const auto leave = [&](const Found& found) OXCACHE_NO_THREAD_SAFETY_ANALYSIS {
        const Entry& entry = *found.entry;
        unlink(hashOf(entry), found, causeOf(RemovalCause::Size, entry, now), room, aftermath);
        return true;
    };
    const Found resident = victim(main_);
    if (resident && (!windowFull() || !EntryLink::alive(*resident.entry, now)))
        return leave(resident);
    const Found candidate = victim(window_);
    if (!resident || !candidate) return leaveEither(resident, candidate, leave);
    if (!EntryLink::alive(*candidate.entry, now) || !wins(*candidate.entry))
        return leave(candidate);
    leave(resident);
    promote();
    return true;
}

// Where everything is marked, whatever is oldest.
bool Shard::leaveEither(const Found& resident, const Found& candidate,
                        FunctionRef<bool(const Found&)> leave) {
    if (candidate) return leave(candidate);
    if (resident) return leave(resident);
    if (!window_.empty()) return leave(oldest(window_));
    return !main_.empty() && leave(oldest(main_));
}

}  // namespace oxcache::memory
