#include "Workload.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <memory>
#include <numeric>
#include <optional>
#include <thread>

#include <oxcache/base/Mutex.h>

#include "Random.h"
#include "ZipfGenerator.h"

namespace oxcache::demo {
namespace {

using SteadyClock = std::chrono::steady_clock;
constexpr auto kProgressEvery = std::chrono::milliseconds(100);
constexpr std::uint64_t kTellEvery = 64;

// Which key has which popularity rank.
std::vector<std::uint32_t> shuffled(std::size_t count, std::uint64_t seed) {
    std::vector<std::uint32_t> order(count);
    std::iota(order.begin(), order.end(), 0U);
    Random random(seed);
    for (std::size_t i = count; i > 1; --i)
        std::swap(order[i - 1], order[random.below(static_cast<std::uint32_t>(i))]);
    return order;
}

// Gives each thread its keys.
class KeySource {
public:
    explicit KeySource(const Workload& workload) : workload_(workload) {
        if (workload.inOrder) return;
        zipf_.emplace(workload.keys.size(), workload.exponent);
        order_ = shuffled(workload.keys.size(), workload.seed);
    }

    // One thread's share of the requests.
    class Share {
    public:
        Share(KeySource& source, unsigned thread)
            : source_(source), random_(Random(source.workload_.seed + 1 + thread).next()) {
            const Workload& workload = source.workload_;
            left_ = workload.requests / workload.threads +
                    (thread < workload.requests % workload.threads ? 1 : 0);
        }
        const std::string* next() {
            const auto& keys = source_.workload_.keys;
            if (source_.workload_.inOrder) {
                const std::size_t index = source_.taken_.fetch_add(1, std::memory_order_relaxed);
                return index < keys.size() ? &keys[index] : nullptr;
            }
            if (left_ == 0) return nullptr;
            --left_;
            return &keys[source_.order_[source_.zipf_->draw(random_)]];
        }

    private:
        KeySource& source_;
        Random random_;
        std::uint64_t left_ = 0;
    };

private:
    const Workload& workload_;
    std::optional<ZipfGenerator> zipf_;
    std::vector<std::uint32_t> order_;
    std::atomic<std::size_t> taken_{0};
};

// What the threads and the one that waits for them share.
struct Crew {
    std::atomic<std::uint64_t> done{0};
    Mutex mutex;
    CondVar changed;
    unsigned working OXCACHE_GUARDED_BY(mutex) = 0;
};

void askAll(KeySource::Share share, const Ask& ask, Tally& tally, Crew& crew) {
    std::uint64_t untold = 0;
    while (const std::string* key = share.next()) {
        const auto before = SteadyClock::now();
        Lookup<std::string> answer;
        try {
            answer = ask(*key);
        } catch (const std::exception& error) {
            answer.outcome = Outcome::Error;
            answer.error = {ErrorCode::LoaderFailed, error.what()};
        }
        tally.add(answer, SteadyClock::now() - before);
        if (++untold == kTellEvery) {
            crew.done.fetch_add(untold, std::memory_order_relaxed);
            untold = 0;
        }
    }
    crew.done.fetch_add(untold, std::memory_order_relaxed);
    const MutexLock lock(crew.mutex);
    --crew.working;
    crew.changed.notifyAll();
}

void waitFor(Crew& crew, const Progress& progress) {
    for (;;) {
        {
            const MutexLock lock(crew.mutex);
            const auto until = SteadyClock::now() + kProgressEvery;
            while (crew.working != 0 && crew.changed.waitUntil(crew.mutex, until)) {
            }
            if (crew.working == 0) return;
        }
        progress(crew.done.load(std::memory_order_relaxed));
    }
}

}  // namespace

void Tally::merge(const Tally& other) {
    l1.merge(other.l1);
    l2.merge(other.l2);
    loads.merge(other.loads);
    errors += other.errors;
    negative += other.negative;
    degraded += other.degraded;
    if (firstError.empty()) firstError = other.firstError;
}

void Tally::add(const Lookup<std::string>& answer, std::chrono::nanoseconds took) {
    degraded += answer.degraded ? 1 : 0;
    const bool failed = answer.outcome == Outcome::Error || answer.outcome == Outcome::Unavailable;
    if (failed && !answer.value) {
        ++errors;
        if (firstError.empty()) firstError = answer.error.message;
        return;
    }
    negative += answer.value ? 0 : 1;
    switch (answer.level) {
        case Level::L1:
            l1.record(took.count());
            break;
        case Level::L2:
            l2.record(took.count());
            break;
        case Level::None:
        case Level::Fallback:
        case Level::Loader:
            loads.record(took.count());
            break;
    }
}

Tally run(const Workload& workload, const Ask& ask, const Progress& progress) {
    KeySource source(workload);
    Crew crew;
    // One block per thread, so that no two count in one cache line.
    std::vector<std::unique_ptr<Tally>> tallies;
    for (unsigned i = 0; i < workload.threads; ++i) tallies.push_back(std::make_unique<Tally>());
    std::vector<std::thread> threads;
    const auto begin = SteadyClock::now();
    {
        const MutexLock lock(crew.mutex);
        crew.working = workload.threads;
    }
    for (unsigned i = 0; i < workload.threads; ++i) {
        threads.emplace_back(
            [&, i] { askAll(KeySource::Share(source, i), ask, *tallies[i], crew); });
    }
    waitFor(crew, progress);
    for (std::thread& thread : threads) thread.join();
    Tally all;
    all.elapsed = SteadyClock::now() - begin;
    for (const auto& tally : tallies) all.merge(*tally);
    return all;
}

}  // namespace oxcache::demo
