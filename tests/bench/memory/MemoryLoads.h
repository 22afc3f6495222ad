#pragma once

#include <memory>

#include <benchmark/benchmark.h>

#include "Workload.h"

namespace oxcache::bench {

/// Registers the loads of a kind; main() runs them.
void registerReads();
void registerWrites();
/// Measures and prints what an entry takes in memory.
void reportFootprint();

/// A peer that holds the first `filled` keys, made when it is first asked for and kept.
template <class Peer>
Peer& filledPeer(std::uint64_t capacity, std::uint32_t filled) {
    static const std::unique_ptr<Peer> peer = [&] {
        auto made = std::make_unique<Peer>(capacity);
        for (std::uint32_t i = 0; i < filled; ++i) made->write(keys()[i]);
        return made;
    }();
    return *peer;
}

/// Runs `step(key)` along a sequence of the thread's own.
template <class Step>
void follow(benchmark::State& state, const Sequence& sequence, Step step) {
    std::size_t at = 0;
    for (auto _ : state) {
        benchmark::DoNotOptimize(step(sequence[at]));
        if (++at == kSteps) at = 0;
    }
    state.SetItemsProcessed(state.iterations());
}

template <class Load>
void add(const char* name, int threads, Load load) {
    benchmark::RegisterBenchmark(name, load)->Threads(threads)->UseRealTime();
}

}  // namespace oxcache::bench
