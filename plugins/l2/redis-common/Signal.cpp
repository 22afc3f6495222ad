#include "Signal.h"

#include <algorithm>

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace oxcache::redis {
namespace {

void sleepOn(std::atomic<std::uint32_t>& word, std::uint32_t expected,
             std::chrono::nanoseconds most) noexcept {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(most);
    timespec limit{};
    limit.tv_sec = seconds.count();
    limit.tv_nsec = (most - seconds).count();
    ::syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, expected, &limit, nullptr, 0);
}

}  // namespace

void Signal::set(Value value) noexcept {
    if (word_.exchange(value, std::memory_order_acq_rel) == kAsleep)
        ::syscall(SYS_futex, &word_, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
}

Signal::Value Signal::wait(SteadyTime until) noexcept {
    constexpr std::chrono::nanoseconds kLongest = std::chrono::hours(1);
    for (;;) {
        std::uint32_t seen = None;
        if (word_.compare_exchange_strong(seen, kAsleep, std::memory_order_acq_rel)) seen = kAsleep;
        if (seen != kAsleep) break;
        const auto left = until - std::chrono::steady_clock::now();
        if (left <= std::chrono::nanoseconds::zero()) break;
        sleepOn(word_, kAsleep, std::min<std::chrono::nanoseconds>(left, kLongest));
    }
    const std::uint32_t value = word_.exchange(None, std::memory_order_acq_rel);
    return value == kAsleep ? None : static_cast<Value>(value);
}

}  // namespace oxcache::redis
