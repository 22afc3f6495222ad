#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "../redis-common/Dialogue.h"
#include "SentinelBook.h"
#include "SentinelSettings.h"
#include "oxcache/base/Mutex.h"

namespace oxcache::redis {

/// Asks sentinels where the master is. Thread-safe; callers that ask at the same time share one
/// round of questions, and nobody is asked under a lock.
class SentinelResolver {
public:
    explicit SentinelResolver(const SentinelSettings& settings);

    /// Where the first sentinel that knows says it is, as we can reach it. Errors: Unavailable, one
    /// text where no sentinel could be asked, another where none knows the master.
    Result<Endpoint> locate(SteadyTime until);

    /// What all sentinels say now.
    struct Poll {
        std::optional<Endpoint> master{};  // that most of those who answered name
        std::size_t votes = 0;             // for it
        std::size_t voters = 0;
        Error error{};  // where nobody named one
    };
    Poll poll(SteadyTime until);

    /// A connection to the first sentinel that takes one, logged in.
    Result<Dialogue> connect(SteadyTime until);
    const std::string& master() const noexcept { return settings_.master; }
    Endpoint reachable(const Endpoint& announced) const {
        return settings_.addresses.reachable(announced);
    }

private:
    Result<Dialogue> connectTo(const Endpoint& sentinel, SteadyTime until) const;
    Result<Endpoint> askAll(SteadyTime until);
    /// What one sentinel says; no master: it knows none of that name.
    struct Word {
        std::optional<Endpoint> master{};
        std::string id{};  // of the sentinel itself
    };
    Result<Word> ask(const Endpoint& sentinel, bool withId, SteadyTime until);
    void learn(Dialogue& dialogue, SteadyTime until);
    std::vector<Endpoint> order() const;

    const SentinelSettings settings_;
    mutable Mutex mutex_;
    CondVar changed_;
    SentinelBook book_ OXCACHE_GUARDED_BY(mutex_);
    bool asking_ OXCACHE_GUARDED_BY(mutex_) = false;
    Result<Endpoint> answer_ OXCACHE_GUARDED_BY(mutex_);
};

}  // namespace oxcache::redis
