#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include <nlohmann/json.hpp>

#include "oxcache/Codec.h"

namespace oxcache::testing {

/// A value as applications have them.
struct User {
    std::uint64_t id = 0;
    std::string name;
    bool operator==(const User&) const = default;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(User, id, name)

/// A value whose codec counts.
struct Counted {
    int number = 0;
    static inline std::atomic<int> decoded{0};
    static inline std::atomic<int> encoded{0};
    static void reset() { decoded = encoded = 0; }
};

}  // namespace oxcache::testing

template <>
struct oxcache::Codec<oxcache::testing::Counted> {
    static std::string encode(const oxcache::testing::Counted& value) {
        ++oxcache::testing::Counted::encoded;
        return std::to_string(value.number);
    }
    static oxcache::testing::Counted decode(std::string_view bytes) {
        ++oxcache::testing::Counted::decoded;
        return {std::stoi(std::string(bytes))};
    }
};
