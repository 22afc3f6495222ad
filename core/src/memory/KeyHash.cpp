#include "KeyHash.h"

#include <cstring>
#include <random>

namespace oxcache::memory {

KeyHash::KeyHash(std::uint64_t seed) {
    std::random_device device;
    std::mt19937_64 repeatable(seed);
    for (std::size_t i = 0; i < secret_.size(); i += 8) {
        const std::uint64_t word =
            seed != 0 ? repeatable() : std::uint64_t{device()} << 32 | device();
        std::memcpy(secret_.data() + i, &word, 8);
    }
}

std::uint64_t KeyHash::ofAnySize(Key key) const noexcept {
    return XXH3_64bits_withSecret(key.data(), key.size(), secret_.data(), secret_.size());
}

}  // namespace oxcache::memory
