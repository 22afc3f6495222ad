#include "resilience/Gate.h"

#include <atomic>
#include <optional>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

using namespace oxcache;
using namespace std::chrono_literals;
using oxcache::resilience::Gate;

namespace {

void awaitWaiters(const ManualClock& clock, std::size_t count) {
    while (clock.waiters() != count) std::this_thread::yield();
}

}  // namespace

TEST_CASE("AnOpenGateLetsIn") {
    Gate gate;
    const Gate::Pass first(gate);
    const Gate::Pass second(gate);
    CHECK(static_cast<bool>(first));
    CHECK(static_cast<bool>(second));
    CHECK_FALSE(gate.closed());
}

TEST_CASE("AnEmptyGateClosesAtOnce") {
    ManualClock clock;
    Gate gate;
    CHECK(gate.close(clock, Deadline::never()) == 0);
    CHECK(gate.closed());
    CHECK_FALSE(static_cast<bool>(Gate::Pass(gate)));
    CHECK(gate.close(clock, Deadline::never()) == 0);
}

TEST_CASE("AClosingGateWaitsForTheLastToLeave") {
    ManualClock clock;
    Gate gate;
    std::optional<Gate::Pass> first(std::in_place, gate);
    std::optional<Gate::Pass> second(std::in_place, gate);
    std::atomic<std::int64_t> left{-1};
    std::thread closing([&] { left = gate.close(clock, Deadline::in(clock, 10s)); });
    awaitWaiters(clock, 1);
    CHECK(gate.closed());
    CHECK_FALSE(static_cast<bool>(Gate::Pass(gate)));
    first.reset();
    CHECK(left == -1);
    second.reset();
    closing.join();
    CHECK(left == 0);
}

TEST_CASE("AtItsDeadlineTheGateTellsWhoIsInside") {
    ManualClock clock;
    Gate gate;
    std::optional<Gate::Pass> first(std::in_place, gate);
    std::optional<Gate::Pass> second(std::in_place, gate);
    std::int64_t left = -1;
    std::thread closing([&] { left = gate.close(clock, Deadline::in(clock, 10s)); });
    awaitWaiters(clock, 1);
    clock.advance(10s);
    closing.join();
    CHECK(left == 2);
    first.reset();
    CHECK(gate.close(clock, Deadline::in(clock, 0s)) == 1);
    second.reset();
    CHECK(gate.close(clock, Deadline::in(clock, 0s)) == 0);
}

// However hard callers knock at the closed gate, they are not taken for operations inside.
TEST_CASE("ThoseTurnedAwayAreNotCounted") {
    ManualClock clock;
    Gate gate;
    CHECK(gate.close(clock, Deadline::never()) == 0);
    std::atomic<bool> done{false};
    std::atomic<int> admitted{0};
    std::vector<std::thread> knocking;
    for (int i = 0; i < 2; ++i)
        knocking.emplace_back([&] {
            while (!done)
                if (Gate::Pass(gate)) ++admitted;
        });
    std::int64_t inside = 0;
    for (int i = 0; i < 20'000; ++i) inside += gate.close(clock, Deadline::in(clock, 0s));
    done = true;
    for (std::thread& thread : knocking) thread.join();
    CHECK(inside == 0);
    CHECK(admitted == 0);
}

TEST_CASE("NothingRunsInsideOnceTheGateHasClosed") {
    SystemClock clock;
    for (int round = 0; round < 200; ++round) {
        Gate gate;
        std::atomic<bool> shut{false};
        std::atomic<int> late{0};
        std::vector<std::thread> threads;
        for (int i = 0; i < 3; ++i)
            threads.emplace_back([&] {
                for (;;) {
                    const Gate::Pass pass(gate);
                    if (!pass) return;
                    if (shut) ++late;
                }
            });
        CHECK(gate.close(clock, Deadline::never()) == 0);
        shut = true;
        for (std::thread& thread : threads) thread.join();
        CHECK(late == 0);
    }
}
