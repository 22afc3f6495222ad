#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace oxcache::memory {

/// A recorded run of requests.
struct Trace {
    std::vector<std::uint32_t> keys;
    /// Bytes of each requested object; empty where the trace does not say.
    std::vector<std::uint32_t> sizes;
};

/// Reads NAME.u32.zst or NAME.u32x2.zst. Throws std::runtime_error that says which file is missing
/// or broken and where traces are looked for.
Trace readTrace(const std::string& name);

}  // namespace oxcache::memory
