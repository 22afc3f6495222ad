#include "Announcement.h"

#include <bit>
#include <cstring>
#include <limits>
#include <string>

namespace oxcache::redis {
namespace {

static_assert(std::endian::native == std::endian::little, "messages are little-endian");

constexpr BytesView kMagic("OXM\1", 4);
constexpr std::size_t kKindOffset = 4;
constexpr std::size_t kZerosOffset = 5;
constexpr BytesView kZeros("\0\0\0", 3);
constexpr std::size_t kStreamOffset = 8;
/// Nobody counts so far; of a number without a successor no later one could be told.
constexpr std::uint64_t kMostNumber = std::uint64_t{1} << 62;
constexpr std::size_t kCountOffset = 24;
constexpr std::size_t kHeaderSize = 28;
constexpr std::size_t kChangeSize = 24;  // beside the key

template <class T>
void append(Bytes& out, T value) {
    char bytes[sizeof(T)];
    std::memcpy(bytes, &value, sizeof(T));
    out.append(bytes, sizeof(T));
}

template <class T>
T take(const char* at) noexcept {
    T value;
    std::memcpy(&value, at, sizeof(T));
    return value;
}

}  // namespace

std::optional<Announcement> Announcement::decode(BytesView bytes) {
    if (bytes.size() < kHeaderSize || !bytes.starts_with(kMagic)) return std::nullopt;
    const auto kind = static_cast<std::uint8_t>(bytes[kKindOffset]);
    if (kind > static_cast<std::uint8_t>(Kind::Goodbye)) return std::nullopt;
    if (bytes.substr(kZerosOffset, kZeros.size()) != kZeros) return std::nullopt;
    Announcement result;
    result.kind = static_cast<Kind>(kind);
    result.stream = take<std::uint64_t>(bytes.data() + kStreamOffset);
    result.number = take<std::uint64_t>(bytes.data() + kNumberOffset);
    if (result.number > kMostNumber) return std::nullopt;
    const auto count = take<std::uint32_t>(bytes.data() + kCountOffset);
    BytesView rest = bytes.substr(kHeaderSize);
    if (count > rest.size() / kChangeSize) return std::nullopt;
    result.changes.reserve(count);
    for (std::uint32_t i = 0; i < count; ++i) {
        if (rest.size() < kChangeSize) return std::nullopt;
        spi::KeyChange change;
        change.version.ms = take<std::uint64_t>(rest.data());
        change.version.origin = take<std::uint64_t>(rest.data() + 8);
        change.version.counter = take<std::uint32_t>(rest.data() + 16);
        const auto size = take<std::uint32_t>(rest.data() + 20);
        rest.remove_prefix(kChangeSize);
        if (size > rest.size()) return std::nullopt;
        change.key = rest.substr(0, size);
        rest.remove_prefix(size);
        result.changes.push_back(change);
    }
    if (!rest.empty()) return std::nullopt;
    return result;
}

std::size_t addAnnouncement(CommandWriter& writer, Announcement::Kind kind, std::uint64_t stream,
                            std::span<const spi::KeyChange> changes) {
    std::size_t size = kHeaderSize;
    for (const spi::KeyChange& change : changes) size += kChangeSize + change.key.size();
    writer.beginRaw(size);
    Bytes& out = writer.buffer();
    const std::size_t begin = out.size();
    out.append(kMagic);
    append(out, static_cast<std::uint8_t>(kind));
    out.append(kZeros);
    append(out, stream);
    append(out, std::uint64_t{0});
    append(out, static_cast<std::uint32_t>(changes.size()));
    for (const spi::KeyChange& change : changes) {
        append(out, change.version.ms);
        append(out, change.version.origin);
        append(out, change.version.counter);
        append(out, static_cast<std::uint32_t>(change.key.size()));
        out.append(change.key);
    }
    writer.endRaw();
    return begin + kNumberOffset;
}

Bytes channelOf(BytesView keyPrefix, std::int64_t database) {
    Bytes channel = "oxcache:" + std::to_string(database) + ":";
    return channel.append(keyPrefix);
}

}  // namespace oxcache::redis
