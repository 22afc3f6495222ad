#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "oxcache/base/Clock.h"
#include "oxcache/base/Error.h"
#include "oxcache/base/Version.h"

/// What a call may ask for and what it answers, without the value.
namespace oxcache {

/// Hit: found (a cached negative is a hit without value). Stale: found, but logically expired or
/// not confirmed. Miss: nothing there. Unavailable: a level that might know could not be asked.
/// Error: the request itself cannot be answered.
enum class Outcome { Hit, Stale, Miss, Unavailable, Error };
OXCACHE_API std::string_view toString(Outcome outcome) noexcept;

/// Which level answered.
enum class Level { None, L1, L2, Fallback, Loader };
OXCACHE_API std::string_view toString(Level level) noexcept;

/// Which levels a call may touch; a set of bits.
enum class Levels : unsigned { L1 = 1, L2 = 2, Fallback = 4, All = 7 };
constexpr Levels operator|(Levels a, Levels b) noexcept {
    return static_cast<Levels>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}
constexpr Levels operator&(Levels a, Levels b) noexcept {
    return static_cast<Levels>(static_cast<unsigned>(a) & static_cast<unsigned>(b));
}
/// True when `set` names `one`.
constexpr bool has(Levels set, Levels one) noexcept { return (set & one) == one; }

/// Remove: nothing is kept. Expire: entries become logically stale.
enum class ClearMode { Remove, Expire };

/// Stored: every level asked for has it. LocalOnly: only this process's L1 has it. Rejected:
/// nothing was stored, `error` says why. Buffered and Journaled: it will be stored in L2 later.
enum class WriteStatus { Stored, Buffered, Journaled, LocalOnly, Rejected };
OXCACHE_API std::string_view toString(WriteStatus status) noexcept;

/// Options of a write or a load; what is unset is the service's configured default.
struct EntryOptions {
    /// Life from the write; 0 or less: not kept, an old value is removed.
    std::optional<Duration> ttl{};
    /// Life in L1, at most `ttl`.
    std::optional<Duration> l1Ttl{};
    /// Life since the last access, at most `ttl`; in two levels kept to within a quarter.
    std::optional<Duration> idle{};
    /// A random share of up to this much is added to `ttl`, so that entries written together do
    /// not expire together.
    std::optional<Duration> jitter{};
    /// What the entry counts for against `l1.max_bytes`; by default its size in memory.
    std::optional<std::uint64_t> cost{};
    /// Life of a negative answer (a loader's nullopt); 0: not kept.
    std::optional<Duration> negativeTtl{};
    /// When the call must have ended. With it a loader runs on a thread of the cache.
    std::optional<Duration> deadline{};
    Levels levels = Levels::All;
    bool skipL1Read = false;
    bool skipL1Write = false;
    bool skipL2Read = false;
    bool skipL2Write = false;
};

/// Options of a read.
struct ReadOptions {
    Levels levels = Levels::All;
    /// Also answer with a logically expired value, as `Outcome::Stale`.
    bool allowStale = false;
    std::optional<Duration> deadline{};
};

/// What became of a write; may be ignored.
struct WriteReceipt {
    WriteStatus status{};
    Version version{};
    Error error{};
};

/// A read's whole answer: a miss, an outage and an error are different answers.
template <class T>
struct Lookup {
    std::optional<T> value{};
    Outcome outcome{};
    Level level{};
    /// Since the write, and until expiry.
    Duration age{};
    Duration ttl{};
    Version version{};
    Error error{};
    /// True when a level that should have been asked could not be.
    bool degraded = false;
};

}  // namespace oxcache
