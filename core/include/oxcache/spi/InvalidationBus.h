#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "oxcache/base/Bytes.h"
#include "oxcache/base/Clock.h"
#include "oxcache/base/Result.h"
#include "oxcache/base/Version.h"

namespace oxcache::spi {
inline namespace v1 {

/// One key that changed; `version` is what stands there now.
struct KeyChange {
    Key key{};
    Version version{};
};

/// Receives what a bus hears. Called from the bus's own thread, one call at a time; returns soon
/// and never calls back into the bus.
class BusListener {
public:
    virtual ~BusListener() = default;

    /// Keys that were put by any process, the own one included (its origin is in the version).
    virtual void onChanges(std::span<const KeyChange> changes) = 0;
    /// Messages were lost; `slotRange` (0 to 63) where only a part of the keys is concerned.
    virtual void onGap(std::optional<unsigned> slotRange) = 0;
    /// From `false` to the next `true` messages may be lost unnoticed.
    virtual void onCoverage(bool covered) = 0;
};

/// Tells a process what others put. The puts publish; the bus only listens. Thread-safe.
class InvalidationBus {
public:
    virtual ~InvalidationBus() = default;

    /// Begins to listen on a thread of its own, in the uncovered state; connects and reconnects by
    /// itself. `listener` outlives stop().
    virtual Result<void> start(BusListener& listener) = 0;
    /// Ends and joins; no call reaches the listener afterwards. May be called twice.
    virtual void stop() noexcept = 0;
    /// How old an L1 copy can be, at most, while covered.
    virtual Duration stalenessBound() const noexcept = 0;
};

}  // namespace v1
}  // namespace oxcache::spi
