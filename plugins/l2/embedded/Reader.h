#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "Database.h"

namespace oxcache::embedded {

/// A connection that reads. For one thread at a time; everything throws Failure.
class Reader {
public:
    explicit Reader(std::unique_ptr<Database> database);

    Database& database() noexcept { return *database_; }

    /// What stands at each key and has not expired at `nowMs`, in order, in one snapshot.
    std::vector<Bytes> get(std::span<const Key> keys, std::int64_t nowMs);

    /// A stretch of keys, for sweeping.
    struct Stretch {
        /// Values and negatives among them whose remove-generation is not `live`.
        std::vector<std::string> doomed;
        /// Where to go on; empty: the end.
        std::string next;
    };
    /// Looks at no more than `most` keys from `from` (inclusive) up to `end` (exclusive; empty:
    /// none).
    Stretch scan(BytesView from, BytesView end, std::uint64_t live, std::int64_t nowMs,
                 std::size_t most);

    /// True when a value or tombstone has expired.
    bool anyExpired(std::int64_t nowMs);
    /// Pages of the file.
    std::int64_t pages();
    /// Copies what it can of the journal into the file, without waiting for anybody.
    void checkpoint();
    /// Reads the file, to see whether it can be read.
    void probe();

private:
    std::unique_ptr<Database> database_;
    Statement begin_, end_, get_, scan_, scanBelow_, expired_, pages_, probe_;
};

}  // namespace oxcache::embedded
