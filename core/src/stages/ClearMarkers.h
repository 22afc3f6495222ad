#pragma once

#include <array>
#include <optional>
#include <string>

#include "coherence/StoreClock.h"
#include "oxcache/base/Deadline.h"
#include "oxcache/base/Envelope.h"
#include "oxcache/base/Mutex.h"
#include "oxcache/base/Options.h"
#include "oxcache/base/Result.h"
#include "oxcache/spi/RemoteStore.h"

namespace oxcache::stages {

/// The two markers of a service in L2, whose random generations every entry carries. An entry is
/// alive only while its remove-generation stands, and fresh only while its expire-generation does;
/// a lost marker is made anew and thereby kills, never revives. Thread-safe.
class OXCACHE_INTERNAL ClearMarkers {
public:
    ClearMarkers(spi::RemoteStore& store, const std::string& keyPrefix,
                 coherence::VersionSource& versions, const coherence::StoreClock& time);

    /// Where the markers of a prefix lie.
    static std::array<std::string, 2> keysOf(const std::string& keyPrefix);
    /// The physical keys of the remove- and the expire-marker; no entry of a service lies there.
    const std::array<std::string, 2>& keys() const noexcept { return keys_; }

    /// The generations as last known; read, and made where they are missing, if not known.
    Result<Generations> current(Deadline deadline);
    /// Reads them again.
    Result<Generations> reread(Deadline deadline);
    /// What is known may be old: the next current() reads again.
    void doubt() noexcept;
    /// Begins a new generation: a clear. Gives its version.
    Result<Version> move(ClearMode mode, Deadline deadline);

private:
    using Pair = std::array<std::optional<std::uint64_t>, 2>;

    Result<Pair> fetch(Deadline deadline);
    Result<void> write(std::size_t marker, std::uint64_t generation, spi::PutMode mode,
                       const Version& version, const Version& written, Deadline deadline);

    spi::RemoteStore& store_;
    const std::array<std::string, 2> keys_;
    coherence::VersionSource& versions_;
    const coherence::StoreClock& time_;
    Mutex mutex_;
    std::optional<Generations> known_ OXCACHE_GUARDED_BY(mutex_);
    bool everKnown_ OXCACHE_GUARDED_BY(mutex_) = false;
    /// Moves with every doubt, so that an answer from before it is not kept.
    std::uint64_t doubts_ OXCACHE_GUARDED_BY(mutex_) = 0;
};

}  // namespace oxcache::stages
