#pragma once

#include <cstdint>
#include <vector>

#include "oxcache/base/Bytes.h"

namespace oxcache::redis {

/// What a server sent. RESP2 and RESP3 meet here: both nulls are Null, `$` and `=` are String.
struct Reply {
    enum class Type {
        Null,
        Status,
        Error,
        Integer,
        Double,
        Boolean,
        BigNumber,
        String,
        Array,
        Set,
        Map,
        Push
    };

    Type type = Type::Null;
    /// Integer; Boolean as 0 or 1.
    std::int64_t integer = 0;
    /// Status, Error, String; Double and BigNumber as they were written.
    Bytes text{};
    /// Array, Set, Push; Map as key, value, key, value.
    std::vector<Reply> items{};

    bool isError() const noexcept { return type == Type::Error; }
    bool isNull() const noexcept { return type == Type::Null; }
    bool isString() const noexcept { return type == Type::String; }
    bool isInteger() const noexcept { return type == Type::Integer; }
    bool isList() const noexcept {
        return type == Type::Array || type == Type::Set || type == Type::Push || type == Type::Map;
    }
    bool isStatus(BytesView expected) const noexcept {
        return type == Type::Status && text == expected;
    }
    bool operator==(const Reply&) const = default;
};

}  // namespace oxcache::redis
