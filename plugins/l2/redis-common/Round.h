#pragma once

#include <memory>
#include <vector>

#include "Topology.h"

namespace oxcache::redis {

/// Calls to several lanes that travel at the same time: all are submitted, then all awaited. Its
/// memory is used again. Not thread-safe.
class Round {
public:
    struct Part {
        std::shared_ptr<Node> node{};
        Lane* lane = nullptr;
        /// Every command follows an ASKING of its own.
        bool asking = false;
        Call call{};
        /// Which items of the batch the first replies belong to, in order.
        std::vector<std::size_t> items{};
        /// What a message has to tell once all commands are there.
        std::vector<spi::KeyChange> changes{};
    };

    void clear();
    /// The part of the lane on which the key travels to the node.
    Part& partOf(const std::shared_ptr<Node>& node, Key key, bool asking);
    std::vector<std::unique_ptr<Part>>& parts() noexcept { return parts_; }
    std::size_t used() const noexcept { return used_; }
    void run(SteadyTime until);

private:
    std::vector<std::unique_ptr<Part>> parts_;
    std::size_t used_ = 0;
};

/// Rounds that rest. Thread-safe.
class RoundPool {
public:
    /// A round for a scope.
    class Loan {
    public:
        explicit Loan(RoundPool& pool) : pool_(pool), round_(pool.take()) {}
        ~Loan() { pool_.give(std::move(round_)); }
        Loan(const Loan&) = delete;
        Loan& operator=(const Loan&) = delete;
        Round& operator*() noexcept { return *round_; }
        Round* operator->() noexcept { return round_.get(); }

    private:
        RoundPool& pool_;
        std::unique_ptr<Round> round_;
    };

private:
    std::unique_ptr<Round> take();
    void give(std::unique_ptr<Round> round) noexcept;

    Mutex mutex_;
    std::vector<std::unique_ptr<Round>> resting_ OXCACHE_GUARDED_BY(mutex_);
};

}  // namespace oxcache::redis
