#pragma once

#include <cstdint>
#include <optional>

#include "oxcache/base/Bytes.h"
#include "oxcache/base/Export.h"
#include "oxcache/base/Result.h"
#include "oxcache/base/ValueType.h"
#include "oxcache/base/Version.h"

/// The form in which entries lie in L2; core/src/base/FORMAT.md is its specification.
namespace oxcache {

/// What an envelope holds. The numbers are written to L2: never reuse one.
enum class EntryKind : std::uint8_t { Value = 0, Negative = 1, Tombstone = 2, Lease = 3 };

/// The generations of the service's clear markers when the entry's write or load began.
struct Generations {
    std::uint64_t remove = 0;
    std::uint64_t expire = 0;
    bool operator==(const Generations&) const = default;
};

/// An envelope's fixed fields. Times are store time in milliseconds; 0 means none.
struct EnvelopeHeader {
    EntryKind kind = EntryKind::Value;
    CodecId codec = CodecId::Raw;
    std::int64_t createdMs = 0;
    /// After it the value is stale.
    std::int64_t expiresMs = 0;
    /// Life since the last access, in milliseconds; 0: not limited.
    std::uint32_t idleMs = 0;
    Version version{};
    /// The last application write or remove behind this entry.
    Version written{};
    Generations generations{};
};

/// A decoded envelope; `payload` points into the bytes it was decoded from.
struct Envelope {
    EnvelopeHeader header;
    BytesView payload;
};

/// Where the fields lie that scripts in a store compare, in bytes from the start.
namespace envelope {
inline constexpr std::size_t kKindOffset = 5;
inline constexpr std::size_t kVersionOffset = 24;
inline constexpr std::size_t kWrittenOffset = 48;
inline constexpr std::size_t kStampSize = 24;
inline constexpr std::size_t kHeaderSize = 112;
}  // namespace envelope

/// The bytes of an envelope. Thread-safe.
OXCACHE_API Bytes encodeEnvelope(const EnvelopeHeader& header, BytesView payload);
/// Checks everything (magic, format, flags, lengths, checksum); Undecodable says what failed.
OXCACHE_API Result<Envelope> decodeEnvelope(BytesView bytes);
/// The fixed fields without checking payload and checksum: what a store compares stamps by. Empty
/// when the bytes are no envelope of this format.
OXCACHE_API std::optional<EnvelopeHeader> peekEnvelope(BytesView bytes) noexcept;

}  // namespace oxcache
