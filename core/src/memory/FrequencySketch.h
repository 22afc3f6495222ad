#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace oxcache::memory {

/// How often a key has been seen of late, as an estimate of at most 15: a count-min sketch of
/// 4-bit counters whose four counters of a key lie in one 64-byte block (the block layout is
/// Caffeine's; the sketch Cormode and Muthukrishnan's), halved after every ten times as many
/// additions as it serves entries. For one thread at a time.
class FrequencySketch {
public:
    static constexpr unsigned kMax = 15;

    explicit FrequencySketch(std::size_t entries);

    /// How many entries there are: sets how soon it forgets, and makes it grow with what it knows.
    void serve(std::size_t entries) {
        halveAt_ = 10 * std::max<std::size_t>(kLeast, entries);
        while (entries > 10 * blocks_.size()) grow();
    }
    unsigned frequency(std::uint32_t hash) const noexcept;
    void add(std::uint32_t hash, unsigned times = 1) noexcept;

private:
    struct alignas(64) Block {
        std::uint64_t words[8] = {};
    };
    struct Counter {
        unsigned word;
        unsigned shift;
    };
    static Counter counterOf(std::uint64_t spread, unsigned row) noexcept {
        const auto byte = static_cast<unsigned>(spread >> (8 * row));
        return {2 * row + (byte & 1), (byte >> 1 & 15) * 4};
    }
    static std::uint64_t spreadOf(std::uint32_t hash) noexcept;
    std::size_t blockOf(std::uint32_t hash) const noexcept {
        return static_cast<std::size_t>((static_cast<std::uint64_t>(hash) * blocks_.size()) >> 32);
    }
    void grow();
    void halve() noexcept;

    static constexpr std::size_t kLeast = 16;

    std::vector<Block> blocks_;
    std::uint64_t additions_ = 0;
    std::uint64_t halveAt_ = 0;
};

}  // namespace oxcache::memory
