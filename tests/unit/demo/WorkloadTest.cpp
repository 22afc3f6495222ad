#include "Workload.h"

#include <map>
#include <mutex>
#include <stdexcept>

#include <doctest/doctest.h>

using namespace oxcache;
using namespace oxcache::demo;

namespace {

std::vector<std::string> numberedKeys(std::size_t count) {
    std::vector<std::string> keys;
    for (std::size_t i = 0; i < count; ++i) keys.push_back("key:" + std::to_string(i));
    return keys;
}

// Answers everything from L1 and counts how often each key was asked for.
class Asked {
public:
    Ask ask() {
        return [this](const std::string& key) {
            const MutexLock lock(mutex_);
            ++counts_[key];
            Lookup<std::string> answer;
            answer.level = Level::L1;
            answer.value = key;
            return answer;
        };
    }
    std::map<std::string, int> counts() const {
        const MutexLock lock(mutex_);
        return counts_;
    }

private:
    mutable Mutex mutex_;
    std::map<std::string, int> counts_ OXCACHE_GUARDED_BY(mutex_);
};

void ignoreProgress(std::uint64_t) {}

}  // namespace

TEST_CASE("InOrderEachKeyIsAskedForOnce") {
    Workload workload;
    workload.keys = numberedKeys(1000);
    workload.inOrder = true;
    workload.threads = 4;
    Asked asked;
    const Tally tally = run(workload, asked.ask(), ignoreProgress);
    CHECK(tally.requests() == 1000);
    CHECK(workload.total() == 1000);
    const auto counts = asked.counts();
    CHECK(counts.size() == 1000);
    for (const auto& [key, count] : counts) CHECK(count == 1);
}

TEST_CASE("OneThreadTakesTheKeysInTheirOrder") {
    Workload workload;
    workload.keys = {"b", "a", "b", "c"};
    workload.inOrder = true;
    std::vector<std::string> order;
    run(
        workload,
        [&](const std::string& key) {
            order.push_back(key);
            return Lookup<std::string>{};
        },
        ignoreProgress);
    CHECK(order == workload.keys);
}

TEST_CASE("AsManyRequestsAreMadeAsAskedForWhateverTheThreads") {
    Workload workload;
    workload.keys = numberedKeys(50);
    for (const unsigned threads : {1U, 2U, 3U, 7U}) {
        for (const std::uint64_t requests : {0U, 1U, 5U, 1001U}) {
            workload.threads = threads;
            workload.requests = requests;
            Asked asked;
            CHECK(run(workload, asked.ask(), ignoreProgress).requests() == requests);
        }
    }
}

TEST_CASE("TheSameSeedAsksForTheSameKeys") {
    Workload workload;
    workload.keys = numberedKeys(100);
    workload.requests = 5000;
    workload.threads = 3;
    Asked first, second, other;
    run(workload, first.ask(), ignoreProgress);
    run(workload, second.ask(), ignoreProgress);
    CHECK(first.counts() == second.counts());
    workload.seed = 2;
    run(workload, other.ask(), ignoreProgress);
    CHECK(first.counts() != other.counts());
}

TEST_CASE("PopularityFollowsTheExponentAndNotTheOrderOfTheKeys") {
    Workload workload;
    workload.keys = numberedKeys(100);
    workload.requests = 20'000;
    workload.exponent = 1.2;
    Asked asked;
    run(workload, asked.ask(), ignoreProgress);
    const auto counts = asked.counts();
    const auto most = std::max_element(counts.begin(), counts.end(),
                                       [](auto& a, auto& b) { return a.second < b.second; });
    CHECK(most->second > 4'000);
    CHECK(most->first != "key:0");
}

TEST_CASE("WhatALoaderThrowsCountsAsAnError") {
    Workload workload;
    workload.keys = numberedKeys(10);
    workload.inOrder = true;
    workload.threads = 2;
    const Tally tally = run(
        workload,
        [](const std::string& key) -> Lookup<std::string> {
            if (key.ends_with('3')) throw std::runtime_error("no such service");
            Lookup<std::string> answer;
            answer.level = Level::Loader;
            return answer;
        },
        ignoreProgress);
    CHECK(tally.requests() == 10);
    CHECK(tally.errors == 1);
    CHECK(tally.loads.count() == 9);
    CHECK(tally.negative == 9);
    CHECK(tally.firstError == "no such service");
}

TEST_CASE("ProgressIsToldWhileARunGoesOn") {
    Workload workload;
    workload.keys = numberedKeys(1);
    workload.requests = 300;
    workload.threads = 2;
    Mutex mutex;
    CondVar changed;
    bool told = false;
    std::uint64_t last = 0;
    // The first request waits until progress has been told once.
    const Tally tally = run(
        workload,
        [&](const std::string&) {
            const MutexLock lock(mutex);
            while (!told) changed.wait(mutex);
            return Lookup<std::string>{};
        },
        [&](std::uint64_t done) {
            const MutexLock lock(mutex);
            CHECK(done >= last);
            last = done;
            told = true;
            changed.notifyAll();
        });
    CHECK(told);
    CHECK(tally.requests() == 300);
}
