#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <random>
#include <string>
#include <vector>

#include "oxcache/base/Bytes.h"

namespace oxcache::bench {

constexpr std::uint32_t kFew = 1024;
constexpr std::uint32_t kHot = 32'768;
constexpr std::uint32_t kMany = 1'000'000;
constexpr std::size_t kKeySize = 20;
constexpr std::size_t kValueSize = 64;

/// All keys there are, of 20 bytes.
class Keys {
public:
    explicit Keys(std::uint32_t count) : bytes_(count * kKeySize, '\0') {
        for (std::uint32_t i = 0; i < count; ++i) {
            char text[kKeySize + 1];
            std::snprintf(text, sizeof text, "key:%016u", i * 2'654'435'761U);
            std::copy_n(text, kKeySize, bytes_.begin() + static_cast<std::ptrdiff_t>(i * kKeySize));
        }
    }
    Key operator[](std::uint32_t index) const noexcept {
        return {bytes_.data() + index * kKeySize, kKeySize};
    }

private:
    std::vector<char> bytes_;
};

inline const Keys& keys() {
    static const Keys all(2 * kMany);
    return all;
}

inline const std::string& value() {
    static const std::string bytes(kValueSize, 'v');
    return bytes;
}

constexpr std::size_t kSteps = 1U << 18;

/// Which keys are asked for, in order, one behind the other: whoever asks has the key at hand, as
/// one who has just made it has, and its bytes cost all peers the same little.
class Sequence {
public:
    using Indices = std::vector<std::uint32_t>;

    explicit Sequence(const Indices& indices) {
        bytes_.reserve(indices.size() * kKeySize);
        for (const std::uint32_t index : indices) {
            const Key key = keys()[index];
            bytes_.insert(bytes_.end(), key.begin(), key.end());
        }
    }
    Key operator[](std::size_t step) const noexcept {
        return {bytes_.data() + step * kKeySize, kKeySize};
    }

private:
    std::vector<char> bytes_;
};

/// Zipf with exponent 0.99, the popular ones spread over the key space.
inline Sequence zipf(std::uint32_t keyCount, unsigned seed) {
    std::vector<double> upTo(keyCount);
    double sum = 0;
    for (std::uint32_t i = 0; i < keyCount; ++i) upTo[i] = sum += 1.0 / std::pow(i + 1, 0.99);
    std::mt19937 order(42);
    Sequence::Indices ranked(keyCount);
    for (std::uint32_t i = 0; i < keyCount; ++i) ranked[i] = i;
    std::shuffle(ranked.begin(), ranked.end(), order);
    std::mt19937_64 random(seed);
    std::uniform_real_distribution<double> point(0, sum);
    Sequence::Indices sequence(kSteps);
    for (std::uint32_t& step : sequence) {
        const auto at = std::lower_bound(upTo.begin(), upTo.end(), point(random));
        step = ranked[static_cast<std::size_t>(at - upTo.begin())];
    }
    return Sequence(sequence);
}

inline Sequence uniform(std::uint32_t keyCount, unsigned seed) {
    std::mt19937 random(seed);
    std::uniform_int_distribution<std::uint32_t> key(0, keyCount - 1);
    Sequence::Indices sequence(kSteps);
    for (std::uint32_t& step : sequence) step = key(random);
    return Sequence(sequence);
}

}  // namespace oxcache::bench
