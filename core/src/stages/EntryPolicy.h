#pragma once

#include <cstdint>
#include <optional>

#include "oxcache/base/Export.h"
#include "oxcache/base/Options.h"
#include "stages/ServiceSettings.h"

namespace oxcache::stages {

/// What a call's options and the service's defaults come to for one entry.
struct EntryPolicy {
    /// 0 or less: not kept.
    Duration ttl{};
    std::optional<Duration> l1Ttl;
    std::optional<Duration> idle;
    std::optional<std::uint64_t> cost;
    bool writeL1 = true;
    bool writeL2 = true;
    bool readL1 = true;
    bool readL2 = true;
    bool useFallback = true;

    /// Life in L1 of an entry that expires at `expiresMs` of store time.
    Duration l1Life(std::int64_t expiresMs, std::int64_t nowMs) const noexcept;
    /// When L2 may forget an entry that is accessed now.
    std::int64_t l2ForgetsAt(std::int64_t expiresMs, std::int64_t nowMs) const noexcept;
};

/// The policy for a value, or for a negative answer.
OXCACHE_INTERNAL EntryPolicy policyOf(const EntryOptions& options, const ServiceSettings& settings,
                                      bool negative);

/// How an idle limit is kept over two levels: L1's copy lives a quarter of it, so that a key in use
/// is read from L2 that often, and each of those reads moves L2's forgetting by the limit and
/// another quarter. An entry is thus forgotten between once and 1.25 times its limit after its
/// last access.
inline Duration l1ShareOfIdle(Duration idle) noexcept { return std::max(Duration(1), idle / 4); }
inline std::int64_t l2SpanOfIdle(Duration idle) noexcept {
    return (idle + l1ShareOfIdle(idle)).count();
}

}  // namespace oxcache::stages
