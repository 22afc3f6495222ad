#include "oxcache/base/Envelope.h"

#include <bit>
#include <cstring>
#include <limits>
#include <string>

#include <xxhash.h>

namespace oxcache {
namespace {

static_assert(std::endian::native == std::endian::little,
              "the envelope is little-endian and copied as it lies in memory");

constexpr char kMagic[4] = {'O', 'X', 'C', 'E'};
constexpr char kFormat = 1;
constexpr std::uint64_t kLimit53 = std::uint64_t{1} << 53;

// Offsets in bytes; FORMAT.md is the specification.
constexpr std::size_t kFormatOffset = 4;
constexpr std::size_t kCodecOffset = 6;
constexpr std::size_t kFlagsOffset = 7;
constexpr std::size_t kCreatedOffset = 8;
constexpr std::size_t kExpiresOffset = 16;
constexpr std::size_t kRemoveOffset = 72;
constexpr std::size_t kExpireOffset = 80;
constexpr std::size_t kIdleOffset = 88;
constexpr std::size_t kReservedOffset = 92;
constexpr std::size_t kLengthOffset = 96;
constexpr std::size_t kChecksumOffset = 104;

template <class T>
void put(char* at, T value) noexcept {
    std::memcpy(at, &value, sizeof(T));
}

template <class T>
T take(const char* at) noexcept {
    T value;
    std::memcpy(&value, at, sizeof(T));
    return value;
}

void putVersion(char* at, const Version& version) noexcept {
    put(at, version.ms);
    put(at + 8, version.origin);
    put(at + 16, std::uint64_t{version.counter});
}

Version takeVersion(const char* at) noexcept {
    return {take<std::uint64_t>(at), static_cast<std::uint32_t>(take<std::uint64_t>(at + 16)),
            take<std::uint64_t>(at + 8)};
}

bool plausible(const char* version) noexcept {
    return take<std::uint64_t>(version) < kLimit53 && take<std::uint64_t>(version + 8) < kLimit53 &&
           take<std::uint64_t>(version + 16) <= std::numeric_limits<std::uint32_t>::max();
}

std::uint64_t checksum(BytesView bytes) noexcept {
    const std::uint64_t head = XXH3_64bits(bytes.data(), kChecksumOffset);
    return XXH3_64bits_withSeed(bytes.data() + envelope::kHeaderSize,
                                bytes.size() - envelope::kHeaderSize, head);
}

Error undecodable(const std::string& what) { return {ErrorCode::Undecodable, "envelope: " + what}; }

}  // namespace

Bytes encodeEnvelope(const EnvelopeHeader& header, BytesView payload) {
    Bytes bytes;
    bytes.reserve(envelope::kHeaderSize + payload.size());
    bytes.resize(envelope::kHeaderSize);
    char* at = bytes.data();
    std::memcpy(at, kMagic, sizeof kMagic);
    at[kFormatOffset] = kFormat;
    at[envelope::kKindOffset] = static_cast<char>(header.kind);
    at[kCodecOffset] = static_cast<char>(header.codec);
    at[kFlagsOffset] = 0;
    put(at + kCreatedOffset, header.createdMs);
    put(at + kExpiresOffset, header.expiresMs);
    putVersion(at + envelope::kVersionOffset, header.version);
    putVersion(at + envelope::kWrittenOffset, header.written);
    put(at + kRemoveOffset, header.generations.remove);
    put(at + kExpireOffset, header.generations.expire);
    put(at + kIdleOffset, header.idleMs);
    put(at + kLengthOffset, static_cast<std::uint64_t>(payload.size()));
    bytes.append(payload);
    put(bytes.data() + kChecksumOffset, checksum(bytes));
    return bytes;
}

std::optional<EnvelopeHeader> peekEnvelope(BytesView bytes) noexcept {
    if (bytes.size() < envelope::kHeaderSize) return std::nullopt;
    const char* at = bytes.data();
    if (std::memcmp(at, kMagic, sizeof kMagic) != 0 || at[kFormatOffset] != kFormat)
        return std::nullopt;
    const auto kind = static_cast<unsigned char>(at[envelope::kKindOffset]);
    const auto codec = static_cast<unsigned char>(at[kCodecOffset]);
    if (kind > static_cast<unsigned char>(EntryKind::Lease) ||
        codec > static_cast<unsigned char>(CodecId::Custom) || at[kFlagsOffset] != 0)
        return std::nullopt;
    if (!plausible(at + envelope::kVersionOffset) || !plausible(at + envelope::kWrittenOffset))
        return std::nullopt;
    EnvelopeHeader header;
    header.kind = static_cast<EntryKind>(kind);
    header.codec = static_cast<CodecId>(codec);
    header.createdMs = take<std::int64_t>(at + kCreatedOffset);
    header.expiresMs = take<std::int64_t>(at + kExpiresOffset);
    header.version = takeVersion(at + envelope::kVersionOffset);
    header.written = takeVersion(at + envelope::kWrittenOffset);
    header.generations.remove = take<std::uint64_t>(at + kRemoveOffset);
    header.generations.expire = take<std::uint64_t>(at + kExpireOffset);
    header.idleMs = take<std::uint32_t>(at + kIdleOffset);
    return header;
}

Result<Envelope> decodeEnvelope(BytesView bytes) {
    if (bytes.size() < envelope::kHeaderSize)
        return undecodable(std::to_string(bytes.size()) + " bytes, a header has " +
                           std::to_string(envelope::kHeaderSize));
    const std::optional<EnvelopeHeader> header = peekEnvelope(bytes);
    if (!header) return undecodable("magic, format, kind, codec, flags or stamps are not of ours");
    const auto length = take<std::uint64_t>(bytes.data() + kLengthOffset);
    if (length != bytes.size() - envelope::kHeaderSize)
        return undecodable("payload length " + std::to_string(length) + " stated, " +
                           std::to_string(bytes.size() - envelope::kHeaderSize) + " there");
    if (take<std::uint64_t>(bytes.data() + kChecksumOffset) != checksum(bytes))
        return undecodable("checksum does not match");
    if (take<std::uint32_t>(bytes.data() + kReservedOffset) != 0)
        return undecodable("reserved bytes are not zero");
    return Envelope{*header, bytes.substr(envelope::kHeaderSize)};
}

}  // namespace oxcache
