#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>

#include "EntryTable.h"
#include "KeyHash.h"
#include "oxcache/base/Mutex.h"

namespace oxcache::memory {

/// Where readers find the shards' tables. A list that is replaced as a whole when a shard changes
/// its table, so that a reader comes from the hash to the bucket by one load and sees place and
/// length of the same table.
class TableDirectory {
public:
    static constexpr unsigned kMaxShards = 256;
    using List = std::array<TableView, kMaxShards>;

    /// `shards` is a power of two.
    explicit TableDirectory(unsigned shards) : mask_(shards - 1), list_(new List{}) {}
    ~TableDirectory() { delete list_.load(); }
    TableDirectory(const TableDirectory&) = delete;
    TableDirectory& operator=(const TableDirectory&) = delete;

    unsigned shards() const noexcept { return static_cast<unsigned>(mask_ + 1); }
    std::size_t shardOf(std::uint64_t hash) const noexcept {
        return KeyHash::shardPart(hash) & mask_;
    }
    /// Inside a Find.
    const TableView& of(std::uint64_t hash) const noexcept {
        return (*list_.load(std::memory_order_acquire))[shardOf(hash)];
    }
    /// Changes a shard's table, with a list that is to take the place of the present one. Gives
    /// that one, which readers may still see.
    std::unique_ptr<List> publish(std::size_t shard, TableView view,
                                  std::unique_ptr<List> next) noexcept;

private:
    const std::size_t mask_;
    std::atomic<List*> list_;
    Mutex publishing_;
};

}  // namespace oxcache::memory
