#include <doctest/doctest.h>

#include <array>

#include "support/Allocations.h"
#include "support/RedisPlugin.h"

using namespace oxcache;
using namespace oxcache::testing;

namespace {

constexpr std::uint64_t kCalls = 200;

/// How often memory was taken in so many calls, once the store has what it keeps.
template <class F>
std::uint64_t takenBy(F call) {
    for (std::uint64_t i = 0; i < kCalls; ++i) call();
    const std::uint64_t before = allocations();
    for (std::uint64_t i = 0; i < kCalls; ++i) call();
    return allocations() - before;
}

}  // namespace

TEST_CASE("AStoreTakesMemoryForWhatItAnswersAndForNothingElse") {
    RedisServer server;
    RedisPlugin plugin(server.uri());
    const auto store = plugin.store();
    const Bytes sent = plugin.envelope(EntryKind::Value, std::string(100, 'v'), {1, 1, 1});
    const std::array<Key, 1> keys{"conformance:k"};
    spi::Put put;
    put.key = keys[0];
    put.envelope = sent;
    put.expiresMs = 4'102'444'800'000;
    bool good = true;
    const Deadline deadline = plugin.in(Duration(60'000));
    // The vector of answers.
    CHECK(takenBy([&] { good = good && store->put({&put, 1}, deadline)[0]; }) == kCalls);
    // The vector, and the value.
    CHECK(takenBy([&] {
              const auto answers = store->get(keys, deadline);
              good = good && answers[0] && *answers[0] == sent;
          }) == 2 * kCalls);
    CHECK(good);
}
