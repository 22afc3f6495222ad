#pragma once

#include <string>
#include <string_view>

#include "oxcache/base/Export.h"

namespace oxcache {

/// The closed list of what can go wrong on the data path.
enum class ErrorCode {
    None,
    InvalidKey,
    ValueTooLarge,
    TypeMismatch,
    Undecodable,
    Unavailable,
    Timeout,
    Overloaded,
    LoaderFailed,
    Closed
};

/// The code's name as written in the enumeration.
OXCACHE_API std::string_view toString(ErrorCode code) noexcept;

/// A failure as a value: what happened, where, and what to do.
struct Error {
    ErrorCode code = ErrorCode::None;
    std::string message;

    /// True when there is an error.
    explicit operator bool() const noexcept { return code != ErrorCode::None; }
};

}  // namespace oxcache
