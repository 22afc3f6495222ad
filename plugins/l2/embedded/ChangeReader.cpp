#include "ChangeReader.h"

#include <utility>

namespace oxcache::embedded {
namespace {

constexpr std::int64_t kBatch = 512;

}  // namespace

ChangeReader::ChangeReader(std::unique_ptr<Database> database)
    : database_(std::move(database)),
      dataVersion_(*database_, "PRAGMA data_version"),
      newest_(*database_, "SELECT max(seq) FROM changes"),
      rows_(*database_,
            "SELECT seq, key, version_ms, version_counter, version_origin FROM changes"
            " WHERE seq > ?1 ORDER BY seq LIMIT ?2"),
      position_(newest()) {}

bool ChangeReader::anythingNew() {
    const Finish finish(dataVersion_);
    const std::int64_t version = dataVersion_.step() ? dataVersion_.integer(0) : 0;
    return std::exchange(seenVersion_, version) != version;
}

ChangeReader::Batch ChangeReader::next() {
    Batch batch;
    const std::int64_t before = position_;
    {
        const Finish finish(rows_);
        rows_.bind(1, position_).bind(2, kBatch);
        while (rows_.step()) {
            const std::int64_t seq = rows_.integer(0);
            // Numbers have no holes: a transaction takes the one above the newest.
            batch.gap = batch.gap || seq != position_ + 1;
            position_ = seq;
            batch.changes.push_back({std::string(rows_.bytes(1)),
                                     {static_cast<std::uint64_t>(rows_.integer(2)),
                                      static_cast<std::uint32_t>(rows_.integer(3)),
                                      static_cast<std::uint64_t>(rows_.integer(4))}});
        }
    }
    batch.full = batch.changes.size() == static_cast<std::size_t>(kBatch);
    if (batch.changes.empty() && newest() < before) {
        // Somebody emptied the log.
        batch.gap = true;
        position_ = newest();
    }
    return batch;
}

std::int64_t ChangeReader::newest() {
    const Finish finish(newest_);
    return newest_.step() ? newest_.integer(0) : 0;
}

}  // namespace oxcache::embedded
