#pragma once

#include <cstdint>
#include <string>

namespace oxcache::bench {

/// What both sides do: the same commands with the same bytes on the same server.
struct Workload {
    std::uint16_t port = 0;
    /// Bytes of a value as it lies in the store, header included.
    static constexpr std::size_t kSmall = 100 + 112;
    static constexpr std::size_t kLarge = std::size_t{1} << 20;
    static constexpr int kBatch = 100;
    static constexpr int kThreads = 50;
    static constexpr int kKeys = 1000;

    static std::string key(int thread, int number) {
        return "bench:" + std::to_string(thread) + ":" + std::to_string(number % kKeys);
    }
};

/// Registers `load/hiredis` or `load/oxcache` for every load.
void registerHiredis(const Workload& workload, int repetitions);
void registerStore(const Workload& workload, int repetitions);

}  // namespace oxcache::bench
