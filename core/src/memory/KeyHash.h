#pragma once

#include <array>
#include <cstdint>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "EntryTable.h"
#include "oxcache/base/Bytes.h"

namespace oxcache::memory {

/// XXH3 with a secret of 192 random bytes: who does not know it cannot choose keys that collide.
/// The low half of a hash is the table's, the high half chooses stripes, samples and shard.
class KeyHash {
public:
    /// 0: a random secret; else one that follows from the seed, for repeatable runs.
    explicit KeyHash(std::uint64_t seed);

    std::uint64_t operator()(Key key) const noexcept {
        return XXH3_64bits_withSecret(key.data(), key.size(), secret_.data(), secret_.size());
    }
    static TableHash tablePart(std::uint64_t hash) noexcept { return static_cast<TableHash>(hash); }
    static std::uint32_t samplePart(std::uint64_t hash) noexcept {
        return static_cast<std::uint32_t>(hash >> 40);
    }
    /// Ends with the shard's part, so that a stripe lies within a shard.
    static constexpr unsigned kStripeBits = 16;
    static std::size_t stripePart(std::uint64_t hash) noexcept {
        return static_cast<std::size_t>(hash >> (64 - kStripeBits));
    }
    static std::size_t shardPart(std::uint64_t hash) noexcept {
        return static_cast<std::size_t>(hash >> 56);
    }

private:
    alignas(64) std::array<std::uint8_t, 192> secret_{};
};

}  // namespace oxcache::memory
