#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "oxcache/base/Bytes.h"
#include "oxcache/base/Clock.h"
#include "oxcache/base/Deadline.h"
#include "oxcache/base/Mutex.h"

namespace oxcache::resilience {

/// One load under way, shared by all who wait for it. Settled once; thread-safe.
template <class Answer>
class Flight {
public:
    Flight(std::string key, std::uint64_t kind, std::uint64_t generation, SteadyTime begun)
        : key_(std::move(key)), kind_(kind), generation_(generation), begun_(begun) {}

    const std::string& key() const noexcept { return key_; }
    std::uint64_t kind() const noexcept { return kind_; }
    std::uint64_t generation() const noexcept { return generation_; }
    SteadyTime begun() const noexcept { return begun_; }

    /// True once another leader has begun the load anew: what this one brings is the older answer.
    bool replaced() const noexcept { return replaced_.load(std::memory_order_acquire); }
    void replace() noexcept { replaced_.store(true, std::memory_order_release); }

    /// The first to settle wins; an empty answer means that the leader gave up.
    void settle(std::optional<Answer> answer) {
        MutexLock lock(mutex_);
        if (settled_) return;
        settled_ = true;
        answer_ = std::move(answer);
        changed_.notifyAll();
    }

    enum class Waited { Answered, Abandoned, TimedOut };
    /// Waits for the answer until `until`; `answer` is copied out.
    Waited wait(Clock& clock, SteadyTime until, Answer& answer) {
        MutexLock lock(mutex_);
        while (!settled_) {
            if (!clock.waitUntil(changed_, mutex_, until) && !settled_) return Waited::TimedOut;
        }
        if (!answer_) return Waited::Abandoned;
        answer = *answer_;
        return Waited::Answered;
    }

private:
    const std::string key_;
    const std::uint64_t kind_;
    const std::uint64_t generation_;
    const SteadyTime begun_;
    std::atomic<bool> replaced_{false};
    Mutex mutex_;
    CondVar changed_;
    bool settled_ OXCACHE_GUARDED_BY(mutex_) = false;
    std::optional<Answer> answer_ OXCACHE_GUARDED_BY(mutex_);
};

/// Lets one caller per key do the work while the others wait for its answer. Flights are
/// reference-counted by those who hold them; the table keeps only the joinable one of a key and
/// kind. Callers of different kinds (whom one answer could not serve) do not share.
///
/// A flight is joined only by callers of its own or an earlier generation (the key's admission
/// counter, which only grows): whoever arrives after an invalidation does not get an answer from
/// before it. A flight older than `maxHold` is replaced; its late answer still goes to those who
/// wait for it. Thread-safe.
template <class Answer>
class SingleFlight {
public:
    using FlightPtr = std::shared_ptr<Flight<Answer>>;

    SingleFlight(Clock& clock, Duration maxHold)
        : clock_(clock), maxHold_(std::max(maxHold, Duration::zero())) {}

    struct Joined {
        FlightPtr flight;
        bool leads;
    };
    /// Joins the key's flight or begins one. Who leads must settle it through finish().
    Joined join(Key key, std::uint64_t kind, std::uint64_t generation) {
        Shard& shard = shardOf(key);
        const SteadyTime now = clock_.steady();
        MutexLock lock(shard.mutex);
        const auto found = shard.flights.find(NameView{key, kind});
        const bool there = found != shard.flights.end();
        if (there && found->second->generation() >= generation && now < heldUntil(found->second))
            return {found->second, false};
        auto flight = std::make_shared<Flight<Answer>>(std::string(key), kind, generation, now);
        if (there)
            std::exchange(found->second, flight)->replace();
        else
            shard.flights.emplace(Name{std::string(key), kind}, flight);
        return {std::move(flight), true};
    }

    /// Ends a flight: nobody joins it any more, and its waiters get the answer.
    void finish(const FlightPtr& flight, std::optional<Answer> answer) {
        Shard& shard = shardOf(flight->key());
        {
            MutexLock lock(shard.mutex);
            const auto found = shard.flights.find(NameView{flight->key(), flight->kind()});
            if (found != shard.flights.end() && found->second == flight) shard.flights.erase(found);
        }
        flight->settle(std::move(answer));
    }

    /// When a waiter stops waiting for this flight's leader and takes over.
    SteadyTime heldUntil(const FlightPtr& flight) const noexcept {
        const auto most = std::chrono::duration_cast<Duration>(SteadyTime::max() - flight->begun());
        return maxHold_ < most ? flight->begun() + maxHold_ : SteadyTime::max();
    }

    /// Flights that can be joined now.
    std::size_t size() const {
        std::size_t total = 0;
        for (const Shard& shard : shards_) {
            MutexLock lock(shard.mutex);
            total += shard.flights.size();
        }
        return total;
    }

private:
    static constexpr std::size_t kShards = 16;
    struct NameView {
        Key key;
        std::uint64_t kind;
        bool operator==(const NameView&) const = default;
    };
    struct Name {
        std::string key;
        std::uint64_t kind;
        operator NameView() const noexcept { return {key, kind}; }
    };
    struct NameHash {
        using is_transparent = void;
        std::size_t operator()(const NameView& name) const noexcept {
            return std::hash<Key>{}(name.key) ^ name.kind;
        }
    };
    struct NameEqual {
        using is_transparent = void;
        bool operator()(const NameView& a, const NameView& b) const noexcept { return a == b; }
    };
    struct Shard {
        mutable Mutex mutex;
        std::unordered_map<Name, FlightPtr, NameHash, NameEqual> flights OXCACHE_GUARDED_BY(mutex);
    };

    Shard& shardOf(Key key) { return shards_[std::hash<Key>{}(key) % kShards]; }

    Clock& clock_;
    const Duration maxHold_;
    Shard shards_[kShards];
};

/// The keys that the present thread is loading, so that a load which asks for its own key is
/// noticed instead of waiting for itself.
class LoadScope {
public:
    LoadScope(const void* owner, Key key) : owner_(owner), key_(key), outer_(current()) {
        current() = this;
    }
    ~LoadScope() { current() = outer_; }
    LoadScope(const LoadScope&) = delete;
    LoadScope& operator=(const LoadScope&) = delete;

    static bool contains(const void* owner, Key key) noexcept {
        for (const LoadScope* scope = current(); scope != nullptr; scope = scope->outer_)
            if (scope->owner_ == owner && scope->key_ == key) return true;
        return false;
    }
    /// True where the present thread is loading anything.
    static bool inside() noexcept { return current() != nullptr; }

private:
    static LoadScope*& current() noexcept {
        static thread_local LoadScope* scope = nullptr;
        return scope;
    }

    const void* owner_;
    Key key_;
    LoadScope* outer_;
};

}  // namespace oxcache::resilience
