#pragma once

#include <cstdint>
#include <vector>

#include "oxcache/base/Bytes.h"

namespace oxcache {

/// What a store's server answered to a command of the application's own.
struct CommandReply {
    enum class Kind { Null, Status, Error, Integer, Text, List };

    Kind kind = Kind::Null;
    std::int64_t integer = 0;
    /// Status, Error, Text.
    Bytes text{};
    /// List; a map is key, value, key, value.
    std::vector<CommandReply> items{};
};

}  // namespace oxcache
