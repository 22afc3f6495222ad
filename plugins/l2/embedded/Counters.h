#pragma once

#include <atomic>
#include <cstdint>

namespace oxcache::embedded {

/// Events of one store since it was made.
struct Counters {
    std::atomic<std::uint64_t> evictions{0};     ///< rows removed alive to make room
    std::atomic<std::uint64_t> swept{0};         ///< expired rows deleted
    std::atomic<std::uint64_t> tooLarge{0};      ///< puts beyond half of max_bytes
    std::atomic<std::uint64_t> busy{0};          ///< calls that gave up waiting for a lock
    std::atomic<std::uint64_t> failures{0};      ///< calls the file could not serve
    std::atomic<std::uint64_t> transactions{0};  ///< write transactions committed
};

}  // namespace oxcache::embedded
