#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <absl/container/flat_hash_map.h>
#include <rocksdb/cache.h>
#include <tbb/concurrent_lru_cache.h>

#include "memory/MemoryStore.h"
#include "memory/StoreCore.h"
#include "oxcache/Cache.h"

/// What is compared. All have read(key), which gives a byte of the value so that nobody can leave
/// reading it out, and, where they can be written to, write(key).
namespace oxcache::bench {

/// The engine itself.
class Store {
public:
    explicit Store(std::uint64_t entries) : store_({.maxEntries = entries}, clock_) {}
    unsigned read(Key key) const;
    void write(Key key);
    const memory::MemoryStore& store() const noexcept { return store_; }

private:
    SystemClock clock_;
    memory::MemoryStore store_;
};

/// The engine, by counted handles.
class StoreShared : public Store {
public:
    using Store::Store;
    unsigned read(Key key) const;
};

/// The same table and entries: a find without announcement, deadline, mark and statistics, which is
/// as fast as it gets but may not be written to meanwhile; and a read that lacks the statistics.
class BareFind {
public:
    explicit BareFind(std::uint64_t entries) : core_({.maxEntries = entries}, clock_) {}
    unsigned read(Key key) const;
    unsigned readUncounted(Key key) const;
    void write(Key key);

private:
    SystemClock clock_;
    memory::StoreCore core_;
};

class Uncounted : public BareFind {
public:
    using BareFind::BareFind;
    unsigned read(Key key) const { return readUncounted(key); }
};

/// The public face over L1 alone.
class CacheVisit {
public:
    explicit CacheVisit(std::uint64_t entries);
    ~CacheVisit();
    unsigned read(Key key) const;
    void write(Key key);

protected:
    std::optional<Cache> cache_;
};
class CacheGetShared : public CacheVisit {
public:
    using CacheVisit::CacheVisit;
    unsigned read(Key key) const;
};
class CacheGet : public CacheVisit {
public:
    using CacheVisit::CacheVisit;
    unsigned read(Key key) const;
};

/// The naive C++ design: 64 shards, a shared_mutex each, values by shared_ptr. Evicts nothing.
class Naive {
public:
    explicit Naive(std::uint64_t entries);
    unsigned read(Key key) const;
    void write(Key key);

private:
    using Map = absl::flat_hash_map<std::string, std::shared_ptr<const std::string>>;
    struct alignas(64) Part {
        mutable std::shared_mutex mutex;
        Map map;
    };
    static std::size_t hashOf(Key key) noexcept;
    std::vector<Part> parts_;
};

/// The textbook's LRU: hash map and list under one mutex.
class TextbookLru {
public:
    explicit TextbookLru(std::uint64_t entries) : capacity_(entries) { map_.reserve(entries); }
    unsigned read(Key key);
    void write(Key key);

private:
    using Order = std::list<std::pair<std::string, std::string>>;
    std::uint64_t capacity_;
    std::mutex mutex_;
    Order order_;
    std::unordered_map<std::string_view, Order::iterator> map_;
};

/// oneTBB's cache, which loads by itself and cannot be written to.
class Tbb {
public:
    explicit Tbb(std::uint64_t entries) : cache_(&make, entries) {}
    unsigned read(Key key);
    void write(Key key) { read(key); }

private:
    static std::string make(std::string key);
    tbb::concurrent_lru_cache<std::string, std::string> cache_;
};

/// RocksDB's block caches. HyperClock takes keys of 16 bytes: those are hashes of ours.
class Rocks {
public:
    unsigned read(Key key) const;
    void write(Key key);

protected:
    Rocks(std::shared_ptr<rocksdb::Cache> cache, bool hashed)
        : cache_(std::move(cache)), hashed_(hashed) {}

private:
    template <class F>
    auto withKey(Key key, F use) const;
    std::shared_ptr<rocksdb::Cache> cache_;
    bool hashed_;
};
class RocksLru : public Rocks {
public:
    explicit RocksLru(std::uint64_t entries);
};
class RocksHyperClock : public Rocks {
public:
    explicit RocksHyperClock(std::uint64_t entries);
};

}  // namespace oxcache::bench
