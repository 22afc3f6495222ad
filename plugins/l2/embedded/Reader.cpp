#include "Reader.h"

#include "oxcache/base/Envelope.h"

namespace oxcache::embedded {
namespace {

/// Ends a read transaction, so that it does not hold back the journal.
class Snapshot {
public:
    Snapshot(Statement& begin, Statement& end) : end_(end) { begin.run(); }
    ~Snapshot() {
        try {
            end_.run();
        } catch (const Failure&) {
            // A failed statement has ended the transaction already.
        }
    }
    Snapshot(const Snapshot&) = delete;
    Snapshot& operator=(const Snapshot&) = delete;

private:
    Statement& end_;
};

Bytes joined(BytesView head, BytesView body) {
    Bytes bytes;
    bytes.reserve(head.size() + body.size());
    bytes.append(head).append(body);
    return bytes;
}

}  // namespace

Reader::Reader(std::unique_ptr<Database> database)
    : database_(std::move(database)),
      begin_(*database_, "BEGIN"),
      end_(*database_, "COMMIT"),
      get_(*database_, "SELECT head, body FROM entries WHERE key = ?1 AND expires_ms > ?2"),
      scan_(*database_,
            "SELECT key, guard, expires_ms, head FROM entries WHERE key >= ?1"
            " ORDER BY key LIMIT ?2"),
      scanBelow_(*database_,
                 "SELECT key, guard, expires_ms, head FROM entries WHERE key >= ?1 AND key < ?3"
                 " ORDER BY key LIMIT ?2"),
      expired_(*database_,
               "SELECT EXISTS (SELECT 1 FROM entries WHERE guard = 0 AND expires_ms <= ?1)"
               " OR EXISTS (SELECT 1 FROM entries WHERE guard = 1 AND expires_ms <= ?1)"),
      pages_(*database_, "PRAGMA page_count"),
      probe_(*database_, "SELECT count(*) FROM (SELECT 1 FROM entries LIMIT 1)") {}

std::vector<Bytes> Reader::get(std::span<const Key> keys, std::int64_t nowMs) {
    std::vector<Bytes> found;
    found.reserve(keys.size());
    const auto readOne = [&](Key key) {
        const Finish finish(get_);
        get_.bind(1, key).bind(2, nowMs);
        found.push_back(get_.step() ? joined(get_.bytes(0), get_.bytes(1)) : Bytes());
    };
    if (keys.size() == 1) {
        readOne(keys[0]);
        return found;
    }
    const Snapshot snapshot(begin_, end_);
    for (const Key key : keys) readOne(key);
    return found;
}

Reader::Stretch Reader::scan(BytesView from, BytesView end, std::uint64_t live, std::int64_t nowMs,
                             std::size_t most) {
    Stretch stretch;
    Statement& rows = end.empty() ? scan_ : scanBelow_;
    const Finish finish(rows);
    rows.bind(1, from).bind(2, static_cast<std::int64_t>(most + 1));
    if (!end.empty()) rows.bind(3, end);
    for (std::size_t seen = 0; rows.step(); ++seen) {
        if (seen == most) {
            stretch.next = rows.bytes(0);
            break;
        }
        const auto header = peekEnvelope(rows.bytes(3));
        const bool content = rows.integer(1) == 0 && rows.integer(2) > nowMs;
        if (content && header && header->generations.remove != live)
            stretch.doomed.emplace_back(rows.bytes(0));
    }
    return stretch;
}

bool Reader::anyExpired(std::int64_t nowMs) {
    const Finish finish(expired_);
    expired_.bind(1, nowMs);
    return expired_.step() && expired_.integer(0) != 0;
}

std::int64_t Reader::pages() {
    const Finish finish(pages_);
    return pages_.step() ? pages_.integer(0) : 0;
}

void Reader::checkpoint() { database_->run("PRAGMA wal_checkpoint(PASSIVE)"); }

void Reader::probe() { probe_.run(); }

}  // namespace oxcache::embedded
