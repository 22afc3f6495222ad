#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <utility>
#include <vector>

#include "RespReplies.h"

using namespace oxcache;
using namespace oxcache::redis;

namespace {

RespLimits smallLimits() {
    RespLimits limits;
    limits.bulkBytes = std::size_t{1} << 20;
    limits.elements = std::size_t{1} << 16;
    return limits;
}

struct Outcome {
    std::vector<Reply> replies;
    bool failed = false;
    bool operator==(const Outcome&) const = default;
};

Outcome run(BytesView bytes, std::size_t step) {
    RespParser parser(smallLimits());
    Outcome outcome;
    outcome.failed = !fuzz::eachReply(
        parser, bytes, step, [&](Reply reply) { outcome.replies.push_back(std::move(reply)); });
    return outcome;
}

}  // namespace

/// Whole and in pieces of any size, the same bytes mean the same replies.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const BytesView bytes(reinterpret_cast<const char*>(data), size);
    const Outcome whole = run(bytes, std::max<std::size_t>(size, 1));
    if (!(run(bytes, 1) == whole) || !(run(bytes, 7) == whole)) std::abort();
    return 0;
}
