// All reads hit: of a thousand keys, where only the instructions count (`few`); of 32 Ki keys by
// Zipf (`hot`); and of a million alike, which the processor's caches do not hold (`uniform`).
#include <array>

#include "MemoryLoads.h"
#include "Peers.h"

namespace oxcache::bench {
namespace {

const Sequence& hot(int thread) {
    static const std::array<Sequence, 2> sequences{zipf(kHot, 1), zipf(kHot, 2)};
    return sequences[static_cast<std::size_t>(thread)];
}

const Sequence& few(int thread) {
    static const std::array<Sequence, 2> sequences{uniform(kFew, 1), uniform(kFew, 2)};
    return sequences[static_cast<std::size_t>(thread)];
}

const Sequence& many(int thread) {
    static const std::array<Sequence, 2> sequences{uniform(kMany, 1), uniform(kMany, 2)};
    return sequences[static_cast<std::size_t>(thread)];
}

template <class Peer>
void read(benchmark::State& state, Peer& peer, const Sequence& sequence) {
    follow(state, sequence, [&](Key key) { return peer.read(key); });
}

/// A type of its own per load, so that each load has its own peer.
template <class Peer, int kLoad>
struct Of : Peer {
    using Peer::Peer;
};

// Peers that do not fill their shards evenly get twice the room, so that they hold all keys.
template <class Peer>
void addHot(const std::string& name, std::uint64_t capacity = 2 * kHot) {
    for (const int threads : {1, 2}) {
        add(("few/" + name).c_str(), threads, [](benchmark::State& state) {
            read(state, filledPeer<Of<Peer, 1>>(2 * kFew, kFew), few(state.thread_index()));
        });
        add(("hot/" + name).c_str(), threads, [capacity](benchmark::State& state) {
            read(state, filledPeer<Of<Peer, 2>>(capacity, kHot), hot(state.thread_index()));
        });
    }
}

template <class Peer>
void addMany(const std::string& name) {
    for (const int threads : {1, 2})
        add(("uniform/" + name).c_str(), threads, [](benchmark::State& state) {
            read(state, filledPeer<Of<Peer, 3>>(kMany, kMany), many(state.thread_index()));
        });
}

void readBatches(benchmark::State& state) {
    constexpr std::size_t kBatch = 16;
    const auto& store = filledPeer<Of<Store, 3>>(kMany, kMany).store();
    const Sequence& sequence = many(state.thread_index());
    std::array<Key, kBatch> batch;
    std::size_t at = 0;
    for (auto _ : state) {
        for (Key& key : batch) key = sequence[at++];
        if (at == kSteps) at = 0;
        unsigned sum = 0;
        store.visitMany(batch, [&](std::size_t, const Entry* entry) {
            if (entry != nullptr) sum += static_cast<unsigned char>(entry->bytes()[0]);
        });
        benchmark::DoNotOptimize(sum);
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kBatch));
}

}  // namespace

void registerReads() {
    addHot<Store>("store", kHot);
    addHot<BareFind>("bare", kHot);
    addHot<Uncounted>("uncounted", kHot);
    addHot<StoreShared>("shared", kHot);
    addHot<CacheVisit>("visit", kHot);
    addHot<CacheGetShared>("getShared", kHot);
    addHot<CacheGet>("get", kHot);
    addHot<Naive>("naive");
    addHot<TextbookLru>("lru");
    addHot<Tbb>("tbb");
    addHot<RocksLru>("rocks");
    addHot<RocksHyperClock>("hyperclock");
    addMany<Store>("store");
    addMany<BareFind>("bare");
    addMany<Naive>("naive");
    for (const int threads : {1, 2}) add("uniform/batch", threads, &readBatches);
}

}  // namespace oxcache::bench
