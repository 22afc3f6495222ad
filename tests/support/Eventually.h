#pragma once

#include <chrono>
#include <thread>

namespace oxcache::testing {

/// Looks again until `isSo`, or until the limit has passed: false then. For what another process
/// does in its own time and tells nobody.
template <class F>
bool eventually(F isSo, std::chrono::milliseconds limit = std::chrono::seconds(20)) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!isSo()) {
        if (std::chrono::steady_clock::now() >= end) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return true;
}

}  // namespace oxcache::testing
