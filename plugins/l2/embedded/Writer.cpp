#include "Writer.h"

#include <algorithm>

#include "Schema.h"

namespace oxcache::embedded {
namespace {

// What a row takes beside key (in the table and its index) and envelope.
constexpr std::size_t kRowOverhead = 64;
constexpr std::size_t kSmallestRow = 64;
constexpr std::size_t kLeastEvicted = 512;
constexpr std::size_t kEvictionStep = 8;
// Kept free for the change log and the inner pages.
constexpr std::int64_t kReservedPages = 16;
// The log is cut in steps, so that not every transaction touches its oldest page as well.
constexpr std::int64_t kTrimStep = 256;

bool isContent(EntryKind kind) { return kind == EntryKind::Value || kind == EntryKind::Negative; }

BytesView headOf(BytesView envelope) { return envelope.substr(0, envelope::kHeaderSize); }

BytesView bodyOf(BytesView envelope) {
    return envelope.substr(std::min(envelope.size(), envelope::kHeaderSize));
}

}  // namespace

Writer::Writer(std::unique_ptr<Database> database, const Settings& settings)
    : database_(std::move(database)),
      pageLimit_(static_cast<std::int64_t>(settings.maxBytes) / kPageSize),
      changeLog_(settings.changeLog),
      begin_(*database_, "BEGIN IMMEDIATE"),
      commit_(*database_, "COMMIT"),
      standing_(*database_, "SELECT id, expires_ms, head FROM entries WHERE key = ?1"),
      store_(*database_,
             "INSERT INTO entries (key, guard, expires_ms, head, body) VALUES (?1, ?2, ?3, ?4, ?5)"
             " ON CONFLICT (key) DO UPDATE SET guard = excluded.guard,"
             " expires_ms = excluded.expires_ms, head = excluded.head, body = excluded.body"),
      touch_(*database_, "UPDATE entries SET expires_ms = ?2 WHERE id = ?1"),
      whole_(*database_, "SELECT head, body FROM entries WHERE id = ?1"),
      remove_(*database_, "DELETE FROM entries WHERE id = ?1"),
      publish_(*database_,
               "INSERT INTO changes (key, version_ms, version_counter, version_origin)"
               " VALUES (?1, ?2, ?3, ?4)"),
      trim_(*database_, "DELETE FROM changes WHERE seq <= ?1"),
      expired_(*database_,
               "SELECT id FROM entries WHERE guard = ?2 AND expires_ms <= ?1"
               " ORDER BY expires_ms LIMIT ?3"),
      oldestValues_(*database_,
                    "SELECT id FROM entries WHERE guard = 0 ORDER BY expires_ms LIMIT ?1"),
      oldestGuards_(*database_,
                    "SELECT id FROM entries WHERE guard = 1 ORDER BY expires_ms LIMIT ?1"),
      pages_(*database_, "PRAGMA page_count"),
      freePages_(*database_, "PRAGMA freelist_count") {}

void Writer::begin(std::int64_t nowMs) {
    begin_.run();
    nowMs_ = nowMs;
    lastChange_ = 0;
    tally_ = {};
}

Writer::Tally Writer::commit() {
    // The newest row always stays: the next number is one above it.
    if (lastChange_ % kTrimStep == 0 && lastChange_ > changeLog_)
        trim_.bind(1, lastChange_ - changeLog_).run();
    commit_.run();
    return tally_;
}

void Writer::rollback() noexcept {
    sqlite3_exec(database_->handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

spi::PutOutcome Writer::put(const spi::Put& put) {
    if (put.mode == spi::PutMode::Touch) return touch(put);
    const auto incoming = peekEnvelope(put.envelope);
    if (!admits(put, *incoming)) return spi::PutOutcome::Refused;
    store(put.key, incoming->kind, put.expiresMs, put.envelope);
    if (put.publish) publish(put.key, incoming->version);
    return spi::PutOutcome::Stored;
}

Bytes Writer::lease(Key key, const spi::LeaseRequest& request) {
    EnvelopeHeader lease;
    lease.kind = EntryKind::Lease;
    lease.createdMs = nowMs_;
    lease.expiresMs = request.expiresMs;
    lease.version = request.version;
    std::int64_t expiresMs = request.expiresMs;
    const auto there = standing(key);
    if (there && there->header) {
        const EnvelopeHeader& header = *there->header;
        const bool held = header.kind == EntryKind::Lease && header.expiresMs > nowMs_;
        if (isContent(header.kind) || held) return wholeEnvelope(there->id);
        lease.written = header.written;
        expiresMs = std::max(expiresMs, there->expiresMs);
    }
    Bytes envelope = encodeEnvelope(lease, {});
    store(key, EntryKind::Lease, expiresMs, envelope);
    return envelope;
}

bool Writer::removeDead(Key key, std::uint64_t live) {
    const auto there = standing(key);
    if (!there || !there->header || !isContent(there->header->kind) ||
        there->header->generations.remove == live)
        return false;
    remove_.bind(1, there->id).run();
    return true;
}

std::size_t Writer::removeExpired(std::size_t most) {
    std::size_t removed = 0;
    for (const std::int64_t guard : {0, 1}) {
        expired_.bind(1, nowMs_).bind(2, guard).bind(3, static_cast<std::int64_t>(most - removed));
        removed += removeRows(expired_, tally_.swept);
    }
    return removed;
}

std::size_t Writer::footprint(Key key, std::size_t envelopeSize) {
    constexpr std::size_t page = kPageSize;
    // A long envelope continues in pages of its own, the last of which it does not fill.
    const std::size_t rounded =
        envelopeSize > page / 2 ? (envelopeSize / page + 1) * page : envelopeSize;
    return rounded + 2 * key.size() + kRowOverhead;
}

void Writer::makeRoom(std::size_t bytes) {
    // Half as much again: pages of a tree are not full.
    const std::int64_t needed =
        static_cast<std::int64_t>(bytes + bytes / 2) / kPageSize + kReservedPages;
    // Bounded by what is to be stored: it replaces rows of its size, and only after `max_bytes` was
    // lowered would more have to go at once.
    std::size_t most = kLeastEvicted + bytes / kSmallestRow;
    while (most > 0 && usedPages() + needed > pageLimit_) {
        const std::size_t evicted = evictSome(most);
        if (evicted == 0) return;
        most -= std::min(most, evicted);
    }
}

void Writer::shrink(std::int64_t pages) {
    database_->run(("PRAGMA incremental_vacuum(" + std::to_string(pages) + ")").c_str());
    database_->run(("PRAGMA max_page_count = " + std::to_string(pageLimit_)).c_str());
}

std::optional<Writer::Standing> Writer::standing(Key key) {
    const Finish finish(standing_);
    standing_.bind(1, key);
    if (!standing_.step() || standing_.integer(1) <= nowMs_) return std::nullopt;
    return Standing{standing_.integer(0), standing_.integer(1), peekEnvelope(standing_.bytes(2))};
}

bool Writer::admits(const spi::Put& put, const EnvelopeHeader& incoming) {
    if (put.mode == spi::PutMode::Overwrite) return true;
    const auto there = standing(put.key);
    if (put.mode == spi::PutMode::FillIfUnchanged)
        return there && there->header && there->header->version == put.observed;
    return !there || !there->header || there->header->written < incoming.written;
}

spi::PutOutcome Writer::touch(const spi::Put& put) {
    const auto there = standing(put.key);
    if (!there || !there->header || there->header->version != put.observed)
        return spi::PutOutcome::Refused;
    touch_.bind(1, there->id).bind(2, put.expiresMs).run();
    if (put.publish) publish(put.key, put.observed);
    return spi::PutOutcome::Stored;
}

void Writer::store(Key key, EntryKind kind, std::int64_t expiresMs, BytesView envelope) {
    const Finish finish(store_);
    store_.bind(1, key).bind(2, isContent(kind) ? 0 : 1).bind(3, expiresMs);
    store_.bind(4, headOf(envelope)).bind(5, bodyOf(envelope)).run();
}

Bytes Writer::wholeEnvelope(std::int64_t id) {
    const Finish finish(whole_);
    whole_.bind(1, id);
    if (!whole_.step()) return {};
    Bytes bytes(whole_.bytes(0));
    return bytes.append(whole_.bytes(1));
}

void Writer::publish(Key key, const Version& version) {
    publish_.bind(1, key).bind(2, static_cast<std::int64_t>(version.ms));
    publish_.bind(3, std::int64_t{version.counter});
    publish_.bind(4, static_cast<std::int64_t>(version.origin)).run();
    const std::int64_t seq = sqlite3_last_insert_rowid(database_->handle());
    // Remembers a multiple of the step if the transaction passed one.
    if (lastChange_ == 0 || lastChange_ % kTrimStep != 0) lastChange_ = seq;
}

std::int64_t Writer::usedPages() {
    const Finish finish(pages_), finishFree(freePages_);
    const std::int64_t all = pages_.step() ? pages_.integer(0) : 0;
    return all - (freePages_.step() ? freePages_.integer(0) : 0);
}

std::size_t Writer::removeRows(Statement& select, std::uint64_t& counter) {
    // Collected first: deleting under a running SELECT may skip rows.
    std::vector<std::int64_t> ids;
    {
        const Finish finish(select);
        while (select.step()) ids.push_back(select.integer(0));
    }
    for (const std::int64_t id : ids) remove_.bind(1, id).run();
    counter += ids.size();
    return ids.size();
}

std::size_t Writer::evictSome(std::size_t most) {
    const std::size_t step = std::min(most, kEvictionStep);
    const auto rows = static_cast<std::int64_t>(step);
    if (const std::size_t removed = removeExpired(step); removed > 0) return removed;
    for (Statement* oldest : {&oldestValues_, &oldestGuards_}) {
        oldest->bind(1, rows);
        if (const std::size_t removed = removeRows(*oldest, tally_.evicted); removed > 0)
            return removed;
    }
    trim_.bind(1, database_->number("SELECT max(seq) FROM changes") - 1).run();
    return static_cast<std::size_t>(sqlite3_changes(database_->handle()));
}

}  // namespace oxcache::embedded
