#include "ShadowCaches.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "EntryLink.h"

namespace oxcache::memory {

ShadowCache::ShadowCache(std::size_t capacity, double windowShare)
    : windowShare_(windowShare), sketch_(capacity) {
    resize(capacity);
    reindex(capacity_);
}

void ShadowCache::resize(std::size_t capacity) {
    capacity_ = std::max<std::size_t>(2, capacity);
    windowTarget_ = std::max<std::size_t>(
        1, static_cast<std::size_t>(static_cast<double>(capacity_) * windowShare_ + 0.5));
    sketch_.serve(capacity_);
}

std::size_t ShadowCache::slotOf(std::uint32_t hash) const noexcept {
    const std::size_t last = index_.size() - 1;
    std::size_t slot = home(hash);
    while (index_[slot] != kNone && nodes_[index_[slot]].hash != hash) slot = (slot + 1) & last;
    return slot;
}

// What stands behind the hole moves up, unless it would then be found too early.
void ShadowCache::forget(std::uint32_t hash) noexcept {
    const std::size_t last = index_.size() - 1;
    std::size_t hole = slotOf(hash);
    for (std::size_t slot = (hole + 1) & last; index_[slot] != kNone; slot = (slot + 1) & last) {
        const std::size_t wanted = home(nodes_[index_[slot]].hash);
        if (((slot - wanted) & last) < ((slot - hole) & last)) continue;
        index_[hole] = index_[slot];
        hole = slot;
    }
    index_[hole] = kNone;
}

void ShadowCache::reindex(std::size_t nodes) {
    const std::size_t slots = std::bit_ceil(2 * nodes + 2);
    shift_ = 32 - static_cast<unsigned>(std::countr_zero(slots));
    index_.assign(slots, kNone);
    for (const List* list : {&window_, &main_})
        for (std::uint32_t at = list->first; at != kNone; at = nodes_[at].next)
            index_[slotOf(nodes_[at].hash)] = at;
}

std::uint32_t ShadowCache::take(std::uint32_t hash) {
    std::uint32_t at = 0;
    if (free_.empty()) {
        if (2 * (nodes_.size() + 1) > index_.size()) reindex(2 * nodes_.size());
        at = static_cast<std::uint32_t>(nodes_.size());
        nodes_.emplace_back();
    } else {
        at = free_.back();
        free_.pop_back();
    }
    nodes_[at].hash = hash;
    nodes_[at].mark = 0;
    index_[slotOf(hash)] = at;
    return at;
}

void ShadowCache::push(List& list, std::uint32_t at) noexcept {
    nodes_[at].previous = list.last;
    nodes_[at].next = kNone;
    (list.last == kNone ? list.first : nodes_[list.last].next) = at;
    list.last = at;
    ++list.size;
}

void ShadowCache::unlink(List& list, std::uint32_t at) noexcept {
    const Node& node = nodes_[at];
    (node.previous == kNone ? list.first : nodes_[node.previous].next) = node.next;
    (node.next == kNone ? list.last : nodes_[node.next].previous) = node.previous;
    --list.size;
}

void ShadowCache::drop(List& list, std::uint32_t at) {
    forget(nodes_[at].hash);
    unlink(list, at);
    free_.push_back(at);
}

void ShadowCache::promote() noexcept {
    const std::uint32_t at = window_.first;
    unlink(window_, at);
    push(main_, at);
}

// The oldest unmarked node; marked ones start anew, as in Shard::victim.
std::uint32_t ShadowCache::victim(List& list) noexcept {
    for (;;) {
        const std::uint32_t at = list.first;
        if (at == kNone || nodes_[at].mark == 0) return at;
        const std::uint8_t taken = &list == &window_ ? nodes_[at].mark : 1;
        nodes_[at].mark = static_cast<std::uint8_t>(nodes_[at].mark - taken);
        sketch_.add(nodes_[at].hash, taken);
        unlink(list, at);
        push(list, at);
    }
}

void ShadowCache::evict() {
    const std::uint32_t resident = victim(main_);
    if (window_.size < windowTarget_ && resident != kNone) return drop(main_, resident);
    const std::uint32_t candidate = victim(window_);
    if (resident == kNone || candidate == kNone)
        return resident == kNone ? drop(window_, candidate) : drop(main_, resident);
    const unsigned chance = sketch_.frequency(nodes_[candidate].hash);
    lottery_ = lottery_ * 1'664'525 + 1'013'904'223;
    if (chance > sketch_.frequency(nodes_[resident].hash) || (chance > 5 && lottery_ >> 25 == 0)) {
        drop(main_, resident);
        promote();
    } else {
        drop(window_, candidate);
    }
}

bool ShadowCache::access(std::uint32_t hash) {
    if (const std::uint32_t at = index_[slotOf(hash)]; at != kNone) {
        std::uint8_t& mark = nodes_[at].mark;
        if (mark < EntryLink::kMaxMark) ++mark;
        return true;
    }
    sketch_.add(hash);
    while (window_.size + main_.size >= capacity_) evict();
    push(window_, take(hash));
    while (window_.size > windowTarget_) promote();
    return false;
}

ShadowCaches::ShadowCaches(std::uint64_t capacity, std::uint64_t sampling) : sampling_(sampling) {
    const auto each = static_cast<std::size_t>(capacity / sampling);
    caches_.reserve(kShares.size());
    for (const double share : kShares) caches_.emplace_back(each, share);
    resize(capacity);
}

void ShadowCaches::resize(std::uint64_t capacity) {
    if (capacity <= capacity_ + capacity_ / 16 && capacity + capacity_ / 16 >= capacity_) return;
    capacity_ = capacity;
    for (ShadowCache& cache : caches_) cache.resize(static_cast<std::size_t>(capacity / sampling_));
}

void ShadowCaches::access(std::uint32_t hash) {
    std::array<bool, kShares.size()> hit{};
    std::size_t hits = 0;
    for (std::size_t i = 0; i < caches_.size(); ++i) {
        hit[i] = caches_[i].access(hash);
        if (hit[i]) ++hits;
    }
    if (hits != 0 && hits != hit.size())
        for (std::size_t a = 0; a < hit.size(); ++a)
            for (std::size_t b = 0; hit[a] && b < hit.size(); ++b)
                if (!hit[b]) wins_[a][b] += 1;
    if (++accesses_ >= judgeAt_) judge();
}

// What wins while the caches fill up is recency, whatever wins later: at first much is asked of a
// lead, most of what the cache holds after as many accesses as it holds entries. For a narrower
// window twice as much is asked: where that is wrong, all that is recent is lost at once.
void ShadowCaches::judge() noexcept {
    constexpr double kSignificance = 3;  // standard deviations
    constexpr double kWorthwhile = 0.05;
    constexpr double kYouth = 0.8;
    constexpr double kFading = 0.99;
    constexpr double kNarrowing = 2;
    const auto entries = static_cast<double>(std::max<std::uint64_t>(64, capacity_ / sampling_));
    judgeAt_ = accesses_ + static_cast<std::uint64_t>(entries / 4);
    const double age = static_cast<double>(accesses_) / entries;
    std::size_t best = current_;
    for (std::size_t i = 0; i < caches_.size(); ++i)
        if (wins_[i][best] > wins_[best][i]) best = i;
    const double lead = wins_[best][current_] - wins_[current_][best];
    const double disagreements = wins_[best][current_] + wins_[current_][best];
    const double asked =
        std::max(kSignificance * std::sqrt(disagreements), entries * (kWorthwhile + kYouth / age));
    if (lead > (best < current_ ? kNarrowing : 1) * asked) current_ = best;
    for (auto& row : wins_)
        for (double& wins : row) wins *= kFading;
}

}  // namespace oxcache::memory
