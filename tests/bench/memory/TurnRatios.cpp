#include "TurnRatios.h"

#include <algorithm>
#include <array>
#include <barrier>
#include <chrono>
#include <thread>
#include <vector>

#include <benchmark/benchmark.h>

#include "MemoryLoads.h"
#include "Peers.h"

namespace oxcache::bench {
namespace {

constexpr int kRounds = 80;
constexpr std::size_t kReads = 80'000;
/// Unmeasured, before a turn's reads: what the others have displaced comes back.
constexpr std::size_t kWarming = kReads / 4;

template <class Peer>
struct InTurns : Peer {
    using Peer::Peer;
};

template <class Peer>
void readAlong(const Sequence& sequence, std::size_t from, std::size_t count) {
    Peer& peer = filledPeer<InTurns<Peer>>(kHot, kHot);
    for (std::size_t i = from; i < from + count; ++i)
        benchmark::DoNotOptimize(peer.read(sequence[i % kSteps]));
}

constexpr std::array kPeers{&readAlong<Store>, &readAlong<BareFind>, &readAlong<Uncounted>};

using Rates = std::array<double, kPeers.size()>;

/// Reads a second of a thread, and those of the threads that measure beside it.
double rateOfTurn(std::size_t peer, const Sequence& sequence, std::size_t from,
                  std::barrier<>& others) {
    using Clock = std::chrono::steady_clock;
    kPeers[peer](sequence, from, kWarming);
    others.arrive_and_wait();
    const Clock::time_point began = Clock::now();
    kPeers[peer](sequence, from + kWarming, kReads);
    const std::chrono::duration<double> took = Clock::now() - began;
    others.arrive_and_wait();
    return static_cast<double>(kReads) / took.count();
}

double medianOf(std::vector<double> ratios) {
    const auto middle = ratios.begin() + static_cast<std::ptrdiff_t>(ratios.size() / 2);
    std::nth_element(ratios.begin(), middle, ratios.end());
    return *middle;
}

}  // namespace

TurnRatios measureInTurns(int threads) {
    for (const auto& peer : kPeers) peer(zipf(kHot, 1), 0, 1);  // made by one thread
    const auto count = static_cast<std::size_t>(threads);
    std::vector<std::vector<Rates>> rates(count, std::vector<Rates>(kRounds));
    std::barrier<> all(threads);
    std::vector<std::thread> running;
    for (std::size_t thread = 0; thread < count; ++thread)
        running.emplace_back([&, thread] {
            const Sequence sequence = zipf(kHot, 1 + static_cast<unsigned>(thread));
            for (std::size_t round = 0; round < kRounds; ++round)
                for (std::size_t peer = 0; peer < kPeers.size(); ++peer)
                    rates[thread][round][peer] = rateOfTurn(peer, sequence, round * kReads, all);
        });
    for (std::thread& thread : running) thread.join();
    const auto timesTheStore = [&](std::size_t peer) {
        std::vector<double> ratios;
        for (std::size_t round = 0; round < kRounds; ++round) {
            double own = 0;
            double stores = 0;
            for (const std::vector<Rates>& thread : rates) {
                own += thread[round][peer];
                stores += thread[round][0];
            }
            ratios.push_back(own / stores);
        }
        return medianOf(std::move(ratios));
    };
    return {timesTheStore(1), timesTheStore(2)};
}

}  // namespace oxcache::bench
