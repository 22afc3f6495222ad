#pragma once

#include <array>
#include <cstdint>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "EntryTable.h"
#include "oxcache/base/Bytes.h"
#include "oxcache/base/Export.h"

namespace oxcache::memory {

/// XXH3 with a secret of 192 random bytes: who does not know it cannot choose keys that collide.
/// The low half of a hash is the table's, the high half chooses stripes, samples and shard.
class OXCACHE_INTERNAL KeyHash {
public:
    /// 0: a random secret; else one that follows from the seed, for repeatable runs.
    explicit KeyHash(std::uint64_t seed);

    [[gnu::always_inline]] std::uint64_t operator()(Key key) const noexcept {
        // What XXH3 does for these sizes, in place.
        if (key.size() > 16 && key.size() <= 32) [[likely]]
            return XXH3_len_17to128_64b(reinterpret_cast<const xxh_u8*>(key.data()), key.size(),
                                        secret_.data(), secret_.size(), 0);
        return ofAnySize(key);
    }
    /// The same for keys of any size.
    std::uint64_t ofAnySize(Key key) const noexcept;
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
