#include "TableDirectory.h"

namespace oxcache::memory {

std::unique_ptr<TableDirectory::List> TableDirectory::publish(std::size_t shard, TableView view,
                                                              std::unique_ptr<List> next) noexcept {
    MutexLock lock(publishing_);
    *next = *list_.load(std::memory_order_relaxed);
    (*next)[shard] = view;
    return std::unique_ptr<List>(list_.exchange(next.release(), std::memory_order_acq_rel));
}

}  // namespace oxcache::memory
