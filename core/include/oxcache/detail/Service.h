#pragma once

#include <exception>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "oxcache/Loader.h"
#include "oxcache/base/CommandReply.h"
#include "oxcache/base/Entry.h"
#include "oxcache/base/Export.h"
#include "oxcache/base/FunctionRef.h"
#include "oxcache/base/Options.h"
#include "oxcache/base/Result.h"
#include "oxcache/observability/Statistics.h"

namespace oxcache::detail {

/// The answer to a read before its type is known again. `entry` is empty where there is no value,
/// and may be negative.
struct ReadAnswer {
    EntryPtr entry{};
    Outcome outcome = Outcome::Miss;
    Level level = Level::None;
    Duration age{};
    Duration ttl{};
    Version version{};
    Error error{};
    bool degraded = false;
    /// A stale value that has logically expired: only for those who allow it.
    bool expired = false;
    /// The time of the caller who led the flight was up: others may ask again.
    bool cutShort = false;
    /// A loader's own exception.
    std::exception_ptr exception{};
};

/// What is to be written, lent for the call: bytes, or an object that will be moved from.
struct WriteRequest {
    Key key{};
    const ValueType* type = nullptr;
    BytesView bytes{};
    void* object = nullptr;
};

/// One named cache as `Cache` sees it: type-erased, thread-safe, answering `Closed` after shutdown.
class OXCACHE_API Service {
public:
    virtual ~Service() = default;

    /// The L1 fast path: calls `reader` in place with a live, confirmed entry that holds a `type`
    /// or is negative; the reader says whether it takes it. False: ask read().
    virtual bool visit(Key key, const ValueType& type,
                       FunctionRef<bool(const Entry&)> reader) const = 0;
    /// As visit(), counted; empty: ask read().
    virtual EntryPtr acquire(Key key, const ValueType& type) const = 0;

    virtual std::vector<ReadAnswer> read(std::span<const std::string> keys, const ValueType& type,
                                         const ReadOptions& options) = 0;
    /// `acceptNegative`: a cached "not there" is an answer; else the loader is asked.
    virtual ReadAnswer readOrLoad(const std::string& key, const ValueType& type,
                                  std::shared_ptr<Loader> loader, bool acceptNegative,
                                  const EntryOptions& options) = 0;
    virtual std::vector<ReadAnswer> readOrLoadMany(std::span<const std::string> keys,
                                                   const ValueType& type,
                                                   std::shared_ptr<BatchLoader> loader,
                                                   const EntryOptions& options) = 0;
    virtual WriteReceipt write(const WriteRequest& request, const EntryOptions& options) = 0;
    virtual std::vector<WriteReceipt> writeMany(std::span<const WriteRequest> requests,
                                                const EntryOptions& options) = 0;
    virtual std::vector<WriteReceipt> remove(std::span<const std::string> keys, Levels levels) = 0;
    virtual WriteReceipt expire(const std::string& key) = 0;
    virtual WriteReceipt clear(ClearMode mode) = 0;

    /// True when a value (not a negative) is there, of whatever type.
    virtual bool exists(const std::string& key, Levels levels) = 0;

    virtual Result<CommandReply> command(std::span<const BytesView> arguments,
                                         const std::optional<Duration>& deadline) = 0;

    virtual const std::string& name() const noexcept = 0;
    virtual Statistics statistics() const = 0;
    virtual Health health() const = 0;
};

}  // namespace oxcache::detail
