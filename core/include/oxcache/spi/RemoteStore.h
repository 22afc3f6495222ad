#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "oxcache/base/Bytes.h"
#include "oxcache/base/CommandReply.h"
#include "oxcache/base/Deadline.h"
#include "oxcache/base/Envelope.h"
#include "oxcache/base/Result.h"
#include "oxcache/base/Version.h"

namespace oxcache::spi {
inline namespace v1 {

/// How `get` treats a key at which nothing usable stands.
struct LeaseRequest {
    /// The version the lease will bear; one request may carry it to several keys.
    Version version{};
    /// Store time at which the lease ends.
    std::int64_t expiresMs = 0;
};

/// Overwrite: last to arrive wins. FillIfUnchanged: only where exactly `observed` stands (absent is
/// never an observation). IfNewer: only where the standing `written` is older, or nothing stands.
/// Touch: moves only the expiry, where exactly `observed` stands.
enum class PutMode { Overwrite, FillIfUnchanged, IfNewer, Touch };

/// One put. `envelope` bears version, written and kind (a remove is a Tombstone); it is borrowed
/// for the call.
struct Put {
    Key key{};
    PutMode mode = PutMode::Overwrite;
    BytesView envelope{};
    Version observed{};
    /// Store time at which the store forgets the key.
    std::int64_t expiresMs = 0;
    /// Tell other processes, in the same transaction or the same write to the socket.
    bool publish = true;
};

/// Refused: the condition of the mode did not hold. TooLarge: this store will never take it.
enum class PutOutcome { Stored, Refused, TooLarge };

/// A door to the server behind a store, for what the store has no word for. Thread-safe.
class CommandPort {
public:
    virtual ~CommandPort() = default;

    /// Sends one command, once; the second argument, if there is one, is the key by which a server
    /// is chosen. An error reply is a reply. Errors: Unavailable (the outcome is unknown), Timeout,
    /// Overloaded, Closed.
    virtual Result<CommandReply> command(std::span<const BytesView> arguments,
                                         Deadline deadline) = 0;
};

/// L2. Thread-safe; every call ends by its deadline; no exception leaves. Errors: Unavailable (the
/// store could not be asked, or the outcome is unknown), Timeout, Closed, Undecodable (something
/// that is no entry stands at the key; only per key).
class RemoteStore {
public:
    virtual ~RemoteStore() = default;

    /// The envelope at each key, in order; empty where nothing stands or it has expired. Tombstones
    /// and leases are returned like values.
    virtual std::vector<Result<Bytes>> get(std::span<const Key> keys, Deadline deadline) = 0;

    /// Reads again and, in the same atomic step, leaves a lease at each key where no Value or
    /// Negative of this format stands. A standing lease is joined, not replaced; a tombstone is
    /// replaced, and its `written` and expiry (where later than the lease's) are inherited; the
    /// lease itself ends at its header's `expiresMs`, and is then replaced as the tombstone was.
    /// What now stands is returned.
    virtual std::vector<Result<Bytes>> lease(std::span<const Key> keys, const LeaseRequest& request,
                                             Deadline deadline) = 0;

    /// Each put alone is atomic; the batch is not. Per-key results, in order.
    virtual std::vector<Result<PutOutcome>> put(std::span<const Put> puts, Deadline deadline) = 0;

    /// Deletes the values and negatives under `prefix` whose remove-generation differs from
    /// `live`; gives how many. Bounded work per call: call again until 0.
    virtual Result<std::uint64_t> sweep(Key prefix, std::uint64_t live, Deadline deadline) = 0;

    /// The store's clock, milliseconds since the Unix epoch. Serves as the probe of its health.
    virtual Result<std::int64_t> time(Deadline deadline) = 0;

    /// Counters of the store's own events (`evictions`, `swept`, `recreated`...), for statistics.
    virtual std::vector<std::pair<std::string, std::uint64_t>> counters() const = 0;

    /// Lives as long as the store; null where there is no server that takes commands.
    virtual CommandPort* commandPort() noexcept { return nullptr; }
};

}  // namespace v1
}  // namespace oxcache::spi
