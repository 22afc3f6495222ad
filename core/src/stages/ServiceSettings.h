#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "oxcache/base/Clock.h"
#include "oxcache/base/ValueType.h"

namespace oxcache::stages {

/// One service's validated configuration, as the stages and paths use it.
struct ServiceSettings {
    std::string name;
    std::string keyPrefix;
    bool usesL1 = true;
    bool usesL2 = false;
    bool promoteOnHit = true;
    /// L2 holds values as other programs write them: no stamps, so nothing that is compared by
    /// them.
    bool raw = false;
    /// The bus tells of every change, own ones too, and not of which: what a write or fill put into
    /// L2 is admitted to L1 only once it is read.
    bool tracking = false;

    Duration ttl = std::chrono::seconds(300);
    /// Longest life in L1.
    std::optional<Duration> l1Ttl;
    Duration negativeTtl = std::chrono::seconds(30);
    Duration jitter{0};
    std::optional<Duration> idle;

    /// For each step that asks a store or database.
    Duration deadline = std::chrono::seconds(2);
    Duration maxStaleness = std::chrono::seconds(5);
    /// Empty: the entry's own life.
    std::optional<Duration> degradedMaxStaleness;
    Duration tombstoneTtl = std::chrono::seconds(60);
    Duration maxHold = std::chrono::seconds(30);
    std::uint64_t maxAbandoned = 64;
    bool distributedLock = false;

    std::uint64_t maxKeyLength = 1024;
    std::uint64_t maxValueSize = 64ULL << 20;
    CodecId serialization = CodecId::Json;
};

}  // namespace oxcache::stages
