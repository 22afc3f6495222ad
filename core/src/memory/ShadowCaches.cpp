#include "ShadowCaches.h"

#include <algorithm>
#include <cmath>

#include "EntryLink.h"

namespace oxcache::memory {

ShadowCache::ShadowCache(std::size_t capacity, double windowShare)
    : capacity_(std::max<std::size_t>(2, capacity)),
      windowTarget_(std::max<std::size_t>(
          1, static_cast<std::size_t>(static_cast<double>(capacity_) * windowShare + 0.5))),
      sketch_(capacity_) {}

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
    unlink(list, at);
    index_.erase(nodes_[at].hash);
    free_.push_back(at);
}

// The oldest unmarked node; marked ones lose a mark and start anew.
std::uint32_t ShadowCache::victim(List& list) {
    for (;;) {
        const std::uint32_t at = list.first;
        if (at == kNone || nodes_[at].mark == 0) return at;
        --nodes_[at].mark;
        sketch_.add(nodes_[at].hash);
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
        unlink(window_, candidate);
        push(main_, candidate);
    } else {
        drop(window_, candidate);
    }
}

bool ShadowCache::access(std::uint32_t hash) {
    if (const auto found = index_.find(hash); found != index_.end()) {
        std::uint8_t& mark = nodes_[found->second].mark;
        if (mark < EntryLink::kMaxMark) ++mark;
        return true;
    }
    sketch_.add(hash);
    if (index_.size() >= capacity_) evict();
    if (window_.size >= windowTarget_) {
        const std::uint32_t oldest = window_.first;
        unlink(window_, oldest);
        push(main_, oldest);
    }
    std::uint32_t at = 0;
    if (free_.empty()) {
        at = static_cast<std::uint32_t>(nodes_.size());
        nodes_.emplace_back();
    } else {
        at = free_.back();
        free_.pop_back();
    }
    nodes_[at].hash = hash;
    nodes_[at].mark = 0;
    index_.emplace(hash, at);
    push(window_, at);
    return false;
}

ShadowCaches::ShadowCaches(std::size_t capacity, unsigned sampling)
    : interval_(std::max<std::uint64_t>(32, 2 * capacity / sampling)) {
    caches_.reserve(kShares.size());
    for (const double share : kShares) caches_.emplace_back(capacity / sampling, share);
}

void ShadowCaches::access(std::uint32_t hash) {
    std::array<bool, kShares.size()> hit{};
    for (std::size_t i = 0; i < caches_.size(); ++i) hit[i] = caches_[i].access(hash);
    for (std::size_t a = 0; a < hit.size(); ++a)
        for (std::size_t b = 0; hit[a] && b < hit.size(); ++b)
            if (!hit[b]) wins_[a][b] += 1;
    if (++accesses_ % interval_ == 0) judge();
}

void ShadowCaches::judge() noexcept {
    // What wins while the caches fill up is recency, whatever wins later.
    if (accesses_ < 2 * interval_) return;
    constexpr double kSignificance = 4;  // standard deviations: accesses are not independent
    constexpr double kFading = 0.9;
    std::size_t best = current_;
    for (std::size_t i = 0; i < caches_.size(); ++i)
        if (wins_[i][best] > wins_[best][i]) best = i;
    const double lead = wins_[best][current_] - wins_[current_][best];
    if (lead > kSignificance * std::sqrt(wins_[best][current_] + wins_[current_][best]))
        current_ = best;
    for (auto& row : wins_)
        for (double& wins : row) wins *= kFading;
}

}  // namespace oxcache::memory
