#include "TagRegistry.h"

#include <algorithm>

namespace oxcache::memory {

std::shared_ptr<const TagCell> TagRegistry::of(std::string_view name) {
    MutexLock lock(mutex_);
    std::weak_ptr<TagCell>& known = cells_[std::string(name)];
    std::shared_ptr<TagCell> cell = known.lock();
    if (!cell) known = cell = std::make_shared<TagCell>();
    if (cells_.size() >= forgetAt_) forgetUnused();
    return cell;
}

void TagRegistry::invalidate(std::string_view name) {
    MutexLock lock(mutex_);
    const auto found = cells_.find(std::string(name));
    if (found == cells_.end()) return;
    if (const std::shared_ptr<TagCell> cell = found->second.lock()) {
        cell->generation.fetch_add(1, std::memory_order_acq_rel);
        invalidations_.fetch_add(1, std::memory_order_acq_rel);
    }
}

void TagRegistry::forgetUnused() {
    std::erase_if(cells_, [](const auto& cell) { return cell.second.expired(); });
    forgetAt_ = std::max<std::size_t>(64, 2 * cells_.size());
}

}  // namespace oxcache::memory
