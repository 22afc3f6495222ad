#pragma once

#include <cstdint>
#include <functional>

namespace oxcache::testing {

/// How often this thread has taken memory by operator new since it began. Programs that ask have
/// support/Allocations.cpp among their sources, which replaces operator new, the core's too.
std::uint64_t allocations() noexcept;

/// While it lives, `look` is called whenever this thread takes memory: a sequence point inside code
/// that has none. Not while `look` itself runs.
class AtEveryAllocation {
public:
    explicit AtEveryAllocation(std::function<void()> look);
    ~AtEveryAllocation();
    AtEveryAllocation(const AtEveryAllocation&) = delete;
    AtEveryAllocation& operator=(const AtEveryAllocation&) = delete;

private:
    std::function<void()> look_;
};

}  // namespace oxcache::testing
