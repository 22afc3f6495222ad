// Writes: of keys that are there (`write`, by Zipf; `replace`, alike), a quarter among reads
// (`mixed`), and of keys that are not there while the cache is full (`evict`).
#include <array>

#include "MemoryLoads.h"
#include "Peers.h"

namespace oxcache::bench {
namespace {

const Sequence& hot(int thread) {
    static const std::array<Sequence, 2> sequences{zipf(kHot, 3), zipf(kHot, 4)};
    return sequences[static_cast<std::size_t>(thread)];
}

template <class Peer>
struct Written : Peer {
    using Peer::Peer;
};

template <class Peer>
void addWrites(const std::string& name, std::uint64_t capacity = 2 * kHot) {
    const auto peer = [capacity]() -> Written<Peer>& {
        return filledPeer<Written<Peer>>(capacity, kHot);
    };
    for (const int threads : {1, 2}) {
        add(("write/" + name).c_str(), threads, [peer](benchmark::State& state) {
            Written<Peer>& written = peer();
            follow(state, hot(state.thread_index()), [&](Key key) {
                written.write(key);
                return 0U;
            });
        });
        add(("mixed/" + name).c_str(), threads, [peer](benchmark::State& state) {
            Written<Peer>& used = peer();
            unsigned turn = 0;
            follow(state, hot(state.thread_index()), [&](Key key) {
                if (++turn % 4 != 0) return used.read(key);
                used.write(key);
                return 0U;
            });
        });
    }
}

template <class Peer>
void addEvictions(const std::string& name) {
    struct Full : Peer {
        using Peer::Peer;
    };
    add(("replace/" + name).c_str(), 1, [](benchmark::State& state) {
        Full& peer = filledPeer<Full>(kHot, kHot);
        static const Sequence sequence = uniform(kHot, 5);
        for (std::uint32_t i = 0; i < kHot; ++i) peer.write(keys()[i]);
        follow(state, sequence, [&](Key key) {
            peer.write(key);
            return 0U;
        });
    });
    add(("evict/" + name).c_str(), 1, [](benchmark::State& state) {
        Full& peer = filledPeer<Full>(kHot, kHot);
        static std::uint32_t next = kHot;
        for (auto _ : state) {
            peer.write(keys()[next]);
            if (++next == 2 * kMany) next = kHot;
        }
        state.SetItemsProcessed(state.iterations());
    });
}

}  // namespace

void registerWrites() {
    addWrites<Store>("store", kHot);
    addWrites<CacheVisit>("cache", kHot);
    addWrites<Naive>("naive");
    addWrites<TextbookLru>("lru");
    addWrites<RocksLru>("rocks");
    addWrites<RocksHyperClock>("hyperclock");
    addEvictions<Store>("store");
    addEvictions<TextbookLru>("lru");
    addEvictions<RocksLru>("rocks");
}

}  // namespace oxcache::bench
