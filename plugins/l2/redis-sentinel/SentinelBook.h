#pragma once

#include <optional>
#include <string>
#include <vector>

#include "../redis-common/Endpoint.h"
#include "oxcache/base/Clock.h"
#include "oxcache/base/Error.h"

namespace oxcache::redis {

/// Which sentinels there are and in which order to ask them: who answered last goes first, then
/// those of the configuration, then those that were learned. Those of the configuration are never
/// forgotten. No I/O. Not thread-safe.
class SentinelBook {
public:
    explicit SentinelBook(std::vector<Endpoint> bootstrap) : bootstrap_(std::move(bootstrap)) {}

    std::vector<Endpoint> order() const;
    void answered(const Endpoint& sentinel) { first_ = sentinel; }
    /// What a sentinel said of the others; in place of what was learned before.
    void learned(std::vector<Endpoint> others) { learned_ = std::move(others); }
    /// Whose word counts towards a majority: those that know of each other, or where nothing was
    /// learned, those of the configuration.
    std::size_t voters() const;

private:
    const std::vector<Endpoint> bootstrap_;
    std::vector<Endpoint> learned_;
    std::optional<Endpoint> first_;
};

/// What sentinels answered to one question, summed up. No I/O. Not thread-safe.
class Inquiry {
public:
    void silent(const std::string& why) {
        ++silent_;
        last_ = why;
    }
    void unknown() { ++unknown_; }
    /// Why nobody named a master: nobody could be asked, or nobody knows it.
    Error error(const std::string& master) const;

private:
    int silent_ = 0;
    int unknown_ = 0;
    std::string last_;
};

/// Whether the master in use is the one that a majority names. Without their word it stays trusted
/// for `patience`; time is given to it. Not thread-safe.
class Confirmation {
public:
    Confirmation(Duration patience, SteadyTime now) : patience_(patience), since_(now) {}

    /// `votes` of `voters` named the master in use.
    void heard(std::size_t votes, std::size_t voters, SteadyTime now) {
        if (2 * votes > voters) since_ = now;
    }
    bool holds(SteadyTime now) const { return now - since_ < patience_; }

private:
    const Duration patience_;
    SteadyTime since_;
};

}  // namespace oxcache::redis
