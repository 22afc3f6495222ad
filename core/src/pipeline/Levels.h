#pragma once

#include "coherence/StoreClock.h"
#include "oxcache/base/Clock.h"
#include "oxcache/detail/Service.h"
#include "reporting/ServiceCounters.h"
#include "resilience/LoadThreads.h"
#include "resilience/SingleFlight.h"
#include "stages/FallbackStage.h"
#include "stages/MemoryStage.h"
#include "stages/RemoteStage.h"
#include "stages/ServiceSettings.h"

namespace oxcache::pipeline {

/// What the paths of one service work on; made by the builder, outlives the paths. `memory` is
/// there even where L1 is off, for its admission counters. `remote` and `fallback` may be null.
struct Levels {
    const stages::ServiceSettings& settings;
    Clock& clock;
    const coherence::StoreClock& time;
    coherence::VersionSource& versions;
    reporting::ServiceCounters& counters;
    stages::MemoryStage& memory;
    stages::RemoteStage* remote;
    stages::FallbackStage* fallback;
    resilience::LoadThreads& threads;
};

using Flights = resilience::SingleFlight<detail::ReadAnswer>;
using FlightPtr = Flights::FlightPtr;

Error keyError(Key key, const stages::ServiceSettings& settings);
Error sizeError(std::size_t size, const stages::ServiceSettings& settings);

/// An InvalidKey error, or none.
inline Error checkKey(Key key, const stages::ServiceSettings& settings) {
    if (!key.empty() && key.size() <= settings.maxKeyLength) [[likely]]
        return {};
    return keyError(key, settings);
}

/// A ValueTooLarge error, or none.
inline Error checkSize(std::size_t size, const stages::ServiceSettings& settings) {
    if (size <= settings.maxValueSize) [[likely]]
        return {};
    return sizeError(size, settings);
}

/// Age and remaining life of an entry, for an answer.
inline void describe(detail::ReadAnswer& answer, const EntryAttributes& attributes,
                     std::int64_t nowMs) {
    answer.age = Duration(std::max<std::int64_t>(0, nowMs - attributes.createdMs));
    if (attributes.expiresMs != 0 && !attributes.stale)
        answer.ttl = Duration(std::max<std::int64_t>(0, attributes.expiresMs - nowMs));
    answer.version = attributes.version;
}

}  // namespace oxcache::pipeline
