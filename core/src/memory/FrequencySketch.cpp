#include "FrequencySketch.h"

#include <algorithm>
#include <utility>

namespace oxcache::memory {

// A block serves eight entries: 16 counters per entry, eight bytes.
FrequencySketch::FrequencySketch(std::size_t entries)
    : blocks_((std::max<std::size_t>(1, entries) + 7) / 8) {
    serve(entries);
}

// The keys of one block spread over two, and each takes its counters along.
void FrequencySketch::grow() {
    std::vector<Block> grown(2 * blocks_.size());
    for (std::size_t i = 0; i < grown.size(); ++i) grown[i] = blocks_[i / 2];
    blocks_ = std::move(grown);
}

std::uint64_t FrequencySketch::spreadOf(std::uint32_t hash) noexcept {
    std::uint64_t spread = hash * 0x9e37'79b9'7f4a'7c15ULL;
    spread ^= spread >> 32;
    spread *= 0xd6e8'feb8'6659'fd93ULL;
    return spread >> 32;
}

unsigned FrequencySketch::frequency(std::uint32_t hash) const noexcept {
    const Block& block = blocks_[blockOf(hash)];
    const std::uint64_t spread = spreadOf(hash);
    std::uint64_t least = kMax;
    for (unsigned row = 0; row < 4; ++row) {
        const Counter counter = counterOf(spread, row);
        least = std::min(least, block.words[counter.word] >> counter.shift & kMax);
    }
    return static_cast<unsigned>(least);
}

void FrequencySketch::add(std::uint32_t hash, unsigned times) noexcept {
    Block& block = blocks_[blockOf(hash)];
    const std::uint64_t spread = spreadOf(hash);
    for (; times > 0; --times) {
        bool added = false;
        for (unsigned row = 0; row < 4; ++row) {
            const Counter counter = counterOf(spread, row);
            std::uint64_t& word = block.words[counter.word];
            if ((word >> counter.shift & kMax) == kMax) continue;
            word += std::uint64_t{1} << counter.shift;
            added = true;
        }
        if (added && ++additions_ >= halveAt_) halve();
    }
}

void FrequencySketch::halve() noexcept {
    for (Block& block : blocks_)
        for (std::uint64_t& word : block.words) word = word >> 1 & 0x7777'7777'7777'7777;
    additions_ /= 2;
}

}  // namespace oxcache::memory
