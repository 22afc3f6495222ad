#pragma once

#include <compare>
#include <cstdint>

namespace oxcache {

/// Names one put, uniquely. `ms` is store time (milliseconds since the Unix epoch on the store's
/// clock), `origin` the process that made it; both stay below 2^53 so that a script in the store
/// can hold them exactly. A default-constructed version means "none".
struct Version {
    std::uint64_t ms = 0;
    std::uint32_t counter = 0;
    std::uint64_t origin = 0;

    bool operator==(const Version&) const = default;
    /// Order in store time; used for `written` stamps only, `version` is compared for equality.
    std::strong_ordering operator<=>(const Version&) const = default;
    /// True when this names a put.
    explicit operator bool() const noexcept { return (ms | counter | origin) != 0; }
};

}  // namespace oxcache
