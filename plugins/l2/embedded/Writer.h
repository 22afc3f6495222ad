#pragma once

#include <memory>
#include <optional>
#include <string>

#include "Database.h"
#include "Settings.h"
#include "oxcache/base/Envelope.h"
#include "oxcache/spi/RemoteStore.h"

namespace oxcache::embedded {

/// The connection that writes. Everything but begin() is called inside a transaction. For one
/// thread at a time; everything throws Failure.
class Writer {
public:
    /// What writing has removed besides what it was asked to.
    struct Tally {
        std::uint64_t evicted = 0;  ///< alive, but room was needed
        std::uint64_t swept = 0;    ///< expired
    };

    Writer(std::unique_ptr<Database> database, const Settings& settings);

    /// What a row takes in the file, about.
    static std::size_t footprint(Key key, std::size_t envelopeSize);

    Database& database() noexcept { return *database_; }

    /// Takes the file's write lock.
    void begin(std::int64_t nowMs);
    /// Gives what the transaction removed.
    Tally commit();
    void rollback() noexcept;
    /// Store time of this transaction.
    std::int64_t nowMs() const noexcept { return nowMs_; }

    spi::PutOutcome put(const spi::Put& put);
    Bytes lease(Key key, const spi::LeaseRequest& request);
    /// Deletes a value or negative whose remove-generation is not `live`.
    bool removeDead(Key key, std::uint64_t live);
    /// Deletes up to `most` expired rows; gives how many.
    std::size_t removeExpired(std::size_t most);
    /// Evicts until rows that take together `bytes` fit: what has expired, then values and
    /// negatives, then tombstones and leases, each by oldest expiry; last, the change log.
    void makeRoom(std::size_t bytes);
    /// Gives up to `pages` free pages back to the file system.
    void shrink(std::int64_t pages);

private:
    struct Standing {
        std::int64_t id = 0;
        std::int64_t expiresMs = 0;
        /// Empty: bytes of no known format.
        std::optional<EnvelopeHeader> header{};
    };

    std::optional<Standing> standing(Key key);
    bool admits(const spi::Put& put, const EnvelopeHeader& incoming);
    spi::PutOutcome touch(const spi::Put& put);
    void store(Key key, EntryKind kind, std::int64_t expiresMs, BytesView envelope);
    Bytes wholeEnvelope(std::int64_t id);
    void publish(Key key, const Version& version);
    std::int64_t usedPages();
    std::size_t removeRows(Statement& select, std::uint64_t& counter);
    std::size_t evictSome(std::size_t most);

    std::unique_ptr<Database> database_;
    const std::int64_t pageLimit_;
    const std::int64_t changeLog_;
    std::int64_t nowMs_ = 0;
    std::int64_t lastChange_ = 0;
    Tally tally_;
    Statement begin_, commit_, standing_, store_, touch_, whole_, remove_, publish_, trim_;
    Statement expired_, oldestValues_, oldestGuards_, pages_, freePages_;
};

}  // namespace oxcache::embedded
