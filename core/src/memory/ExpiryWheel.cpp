#include "ExpiryWheel.h"

#include <algorithm>

namespace oxcache::memory {

std::uint8_t ExpiryWheel::record(TableHash hash, std::int64_t dueMs) {
    const std::int64_t tick = std::max(tickOf(dueMs), tick_);
    unsigned level = 0;
    while (level + 1 < kLevels && indexOf(tick, level) - indexOf(tick_, level) >= kBuckets) ++level;
    const std::int64_t index =
        std::min(indexOf(tick, level), indexOf(tick_, level) + std::int64_t{kBuckets - 1});
    const std::size_t bucket = bucketOf(level, index);
    Page*& pages = buckets_[bucket];
    if (pages == nullptr || pages->used == pages->records.size()) {
        Page* page = new Page;
        page->next = pages;
        page->bucket = static_cast<std::uint8_t>(bucket);
        pages = page;
    }
    pages->records[pages->used++] = hash;
    ++size_;
    return static_cast<std::uint8_t>(bucket);
}

bool ExpiryWheel::advance(std::int64_t nowMs, std::size_t budget,
                          FunctionRef<void(TableHash, std::uint8_t)> due) {
    turn(tickOf(nowMs));
    return fire(budget, due);
}

bool ExpiryWheel::advanceToTheMillisecond(std::int64_t nowMs, std::size_t budget,
                                          FunctionRef<void(TableHash, std::uint8_t)> due) {
    turn(tickOf(nowMs));
    take(bucketOf(0, tick_));
    return fire(budget, due);
}

// The finest wheel's buckets are taken when their time is over, the others' when it begins, so
// that their records move to finer wheels in time.
void ExpiryWheel::turn(std::int64_t tick) {
    if (tick <= tick_) return;
    for (unsigned level = 0; level < kLevels; ++level) {
        const std::int64_t first = indexOf(tick_, level) + (level == 0 ? 0 : 1);
        const std::int64_t last = indexOf(tick, level) - (level == 0 ? 1 : 0);
        for (std::int64_t i = std::max(first, last - (kBuckets - 1)); i <= last; ++i)
            take(bucketOf(level, i));
    }
    tick_ = tick;
}

void ExpiryWheel::take(std::size_t bucket) {
    if (buckets_[bucket] == nullptr) return;
    firing_.push_back(buckets_[bucket]);
    buckets_[bucket] = nullptr;
}

bool ExpiryWheel::fire(std::size_t budget, FunctionRef<void(TableHash, std::uint8_t)> due) {
    while (!firing_.empty()) {
        Page* page = firing_.back();
        for (; page->used > 0; --budget) {
            if (budget == 0) return false;
            --size_;
            due(page->records[--page->used], page->bucket);
        }
        firing_.back() = page->next;
        if (page->next == nullptr) firing_.pop_back();
        delete page;
    }
    return true;
}

void ExpiryWheel::drop(Page* pages) noexcept {
    while (pages != nullptr) {
        Page* next = pages->next;
        delete pages;
        pages = next;
    }
}

void ExpiryWheel::clear() noexcept {
    for (Page*& pages : buckets_) {
        drop(pages);
        pages = nullptr;
    }
    for (Page* pages : firing_) drop(pages);
    firing_.clear();
    size_ = 0;
}

}  // namespace oxcache::memory
