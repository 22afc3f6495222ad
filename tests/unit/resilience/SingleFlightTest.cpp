#include "resilience/SingleFlight.h"

#include <atomic>
#include <latch>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

using namespace oxcache;
using namespace std::chrono_literals;
using oxcache::resilience::LoadScope;

namespace {

using Flights = resilience::SingleFlight<std::string>;
using Flight = resilience::Flight<std::string>;
using Waited = Flight::Waited;

void awaitWaiters(const ManualClock& clock, std::size_t count) {
    while (clock.waiters() != count) std::this_thread::yield();
}

/// A thread that waits for a flight until a moment, and what it got.
class Waiter {
public:
    Waiter(Clock& clock, Flights::FlightPtr flight, SteadyTime until)
        : thread_([this, &clock, flight = std::move(flight), until] {
              waited_ = flight->wait(clock, until, answer_);
          }) {}
    ~Waiter() {
        if (thread_.joinable()) thread_.join();
    }
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;

    Waited waited() {
        if (thread_.joinable()) thread_.join();
        return waited_;
    }
    /// After waited().
    const std::string& answer() const { return answer_; }

private:
    std::string answer_;
    Waited waited_{};
    std::thread thread_;
};

}  // namespace

TEST_CASE("AThousandThreadsOnOneKeyRunOneLoad") {
    constexpr int kThreads = 1000;
    ManualClock clock;
    Flights flights(clock, 30s);
    std::latch together(kThreads);
    std::atomic<int> loads{0};
    std::atomic<int> right{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i)
        threads.emplace_back([&] {
            together.arrive_and_wait();
            const auto joined = flights.join("key", 0, 1);
            std::string answer;
            if (joined.leads) {
                ++loads;
                awaitWaiters(clock, kThreads - 1);
                flights.finish(joined.flight, "loaded");
            }
            if (joined.flight->wait(clock, SteadyTime::max(), answer) == Waited::Answered &&
                answer == "loaded")
                ++right;
        });
    for (std::thread& thread : threads) thread.join();
    CHECK(loads == 1);
    CHECK(right == kThreads);
    CHECK(flights.size() == 0);
}

TEST_CASE("KeysDoNotWaitForEachOther") {
    ManualClock clock;
    Flights flights(clock, 30s);
    const auto one = flights.join("one", 0, 1);
    const auto other = flights.join("other", 0, 1);
    CHECK(one.leads);
    CHECK(other.leads);
    CHECK(flights.size() == 2);
    flights.finish(other.flight, "2");
    CHECK_FALSE(flights.join("one", 0, 1).leads);
    CHECK(flights.join("other", 0, 1).leads);
}

TEST_CASE("CallersOfDifferentKindsDoNotShare") {
    ManualClock clock;
    Flights flights(clock, 30s);
    const auto one = flights.join("key", 1, 1);
    const auto other = flights.join("key", 2, 1);
    CHECK(one.leads);
    CHECK(other.leads);
    CHECK(flights.size() == 2);
    CHECK(flights.join("key", 1, 1).flight == one.flight);
    CHECK(flights.join("key", 2, 1).flight == other.flight);
    flights.finish(one.flight, "1");
    CHECK(flights.size() == 1);
    CHECK_FALSE(flights.join("key", 2, 1).leads);
    flights.finish(other.flight, "2");
    CHECK(flights.size() == 0);
}

TEST_CASE("KeysAreBytes") {
    ManualClock clock;
    Flights flights(clock, 30s);
    CHECK(flights.join(std::string_view("a\0b", 3), 0, 1).leads);
    CHECK(flights.join(std::string_view("a\0c", 3), 0, 1).leads);
    CHECK_FALSE(flights.join(std::string_view("a\0b", 3), 0, 1).leads);
}

TEST_CASE("AFinishedFlightIsNotJoined") {
    ManualClock clock;
    Flights flights(clock, 30s);
    const auto first = flights.join("key", 0, 1);
    flights.finish(first.flight, "1");
    CHECK(flights.size() == 0);
    const auto second = flights.join("key", 0, 1);
    CHECK(second.leads);
    CHECK(second.flight != first.flight);
}

TEST_CASE("ALeaderThatGivesUpHandsOver") {
    ManualClock clock;
    Flights flights(clock, 30s);
    const auto first = flights.join("key", 0, 1);
    Waiter waiter(clock, flights.join("key", 0, 1).flight, SteadyTime::max());
    awaitWaiters(clock, 1);
    flights.finish(first.flight, std::nullopt);
    CHECK(waiter.waited() == Waited::Abandoned);
    CHECK(flights.size() == 0);
    const auto second = flights.join("key", 0, 1);
    CHECK(second.leads);
    flights.finish(second.flight, "from the second");
    std::string answer;
    CHECK(second.flight->wait(clock, SteadyTime::max(), answer) == Waited::Answered);
    CHECK(answer == "from the second");
}

TEST_CASE("ALeaderThatHoldsTooLongIsReplaced") {
    ManualClock clock;
    Flights flights(clock, 30s);
    const auto hung = flights.join("key", 0, 1);
    CHECK(flights.heldUntil(hung.flight) == clock.steady() + 30s);
    clock.advance(30s - 1ns);
    CHECK_FALSE(flights.join("key", 0, 1).leads);
    clock.advance(1ns);
    const auto next = flights.join("key", 0, 1);
    CHECK(next.leads);
    CHECK(next.flight != hung.flight);
    CHECK(flights.size() == 1);
    CHECK_FALSE(flights.join("key", 0, 1).leads);
    CHECK(flights.heldUntil(next.flight) == clock.steady() + 30s);
}

TEST_CASE("ALateAnswerGoesOnlyToItsOwnWaiters") {
    ManualClock clock;
    Flights flights(clock, 30s);
    const auto hung = flights.join("key", 0, 1);
    Waiter old(clock, flights.join("key", 0, 1).flight, SteadyTime::max());
    clock.advance(30s);
    const auto next = flights.join("key", 0, 1);
    Waiter young(clock, flights.join("key", 0, 1).flight, SteadyTime::max());
    awaitWaiters(clock, 2);
    flights.finish(hung.flight, "late");
    CHECK(old.waited() == Waited::Answered);
    CHECK(old.answer() == "late");
    CHECK(flights.size() == 1);
    CHECK_FALSE(flights.join("key", 0, 1).leads);  // the replacement is still there
    flights.finish(next.flight, "new");
    CHECK(young.waited() == Waited::Answered);
    CHECK(young.answer() == "new");
    CHECK(flights.size() == 0);
}

TEST_CASE("ANewerGenerationNeverJoinsAnOlderFlight") {
    ManualClock clock;
    Flights flights(clock, 30s);
    const auto before = flights.join("key", 0, 7);
    const auto after = flights.join("key", 0, 8);
    CHECK(after.leads);
    CHECK(after.flight != before.flight);
    CHECK(after.flight->generation() == 8);
    CHECK(flights.join("key", 0, 8).flight == after.flight);
    flights.finish(before.flight, "old");
    CHECK(flights.size() == 1);
    flights.finish(after.flight, "new");
    CHECK(flights.size() == 0);
}

// Its answer was fetched after the invalidation that the caller has not seen yet.
TEST_CASE("AnOlderGenerationJoinsANewerFlight") {
    ManualClock clock;
    Flights flights(clock, 30s);
    const auto newer = flights.join("key", 0, 8);
    const auto older = flights.join("key", 0, 7);
    CHECK_FALSE(older.leads);
    CHECK(older.flight == newer.flight);
    CHECK(flights.join("key", 0, 8).flight == newer.flight);
}

TEST_CASE("EveryWaiterHasItsOwnDeadline") {
    ManualClock clock;
    Flights flights(clock, 30s);
    const auto leader = flights.join("key", 0, 1);
    Waiter hasty(clock, flights.join("key", 0, 1).flight, clock.steady() + 10ms);
    Waiter patient(clock, flights.join("key", 0, 1).flight, clock.steady() + 20ms);
    Waiter endless(clock, flights.join("key", 0, 1).flight, SteadyTime::max());
    awaitWaiters(clock, 3);
    clock.advance(10ms);
    CHECK(hasty.waited() == Waited::TimedOut);
    awaitWaiters(clock, 2);
    flights.finish(leader.flight, "in time");
    CHECK(patient.waited() == Waited::Answered);
    CHECK(endless.waited() == Waited::Answered);
    CHECK(patient.answer() == "in time");
}

TEST_CASE("AnAnswerThatIsThereCountsAfterTheDeadlineToo") {
    ManualClock clock;
    Flights flights(clock, 30s);
    const auto leader = flights.join("key", 0, 1);
    std::string answer;
    CHECK(leader.flight->wait(clock, clock.steady(), answer) == Waited::TimedOut);
    flights.finish(leader.flight, "there");
    CHECK(leader.flight->wait(clock, SteadyTime::min(), answer) == Waited::Answered);
    CHECK(answer == "there");
}

TEST_CASE("TheFirstToSettleWins") {
    ManualClock clock;
    Flights flights(clock, 30s);
    const auto leader = flights.join("key", 0, 1);
    flights.finish(leader.flight, "first");
    flights.finish(leader.flight, "second");
    flights.finish(leader.flight, std::nullopt);
    std::string answer;
    CHECK(leader.flight->wait(clock, SteadyTime::max(), answer) == Waited::Answered);
    CHECK(answer == "first");
}

TEST_CASE("TheTableDoesNotGrow") {
    ManualClock clock;
    Flights flights(clock, 1ms);
    std::vector<Flights::FlightPtr> hung;
    for (int i = 0; i < 10'000; ++i) {
        const auto joined = flights.join("key" + std::to_string(i), 0, 1);
        REQUIRE(joined.leads);
        flights.finish(joined.flight, i % 2 == 0 ? std::optional<std::string>("x") : std::nullopt);
    }
    CHECK(flights.size() == 0);
    for (int i = 0; i < 100; ++i) {
        hung.push_back(flights.join("one key", 0, 1).flight);
        clock.advance(1ms);
    }
    CHECK(flights.size() == 1);
    for (const auto& flight : hung) flights.finish(flight, "late");
    CHECK(flights.size() == 0);
    // Nothing but its holders kept a flight alive.
    const std::weak_ptr<Flight> last = hung.back();
    hung.clear();
    CHECK(last.expired());
}

TEST_CASE("AnyHoldTimeCanBeConfigured") {
    ManualClock clock;
    Flights endless(clock, Duration::max());
    const auto leader = endless.join("key", 0, 1);
    CHECK(endless.heldUntil(leader.flight) == SteadyTime::max());
    clock.advance(24h * 365);
    CHECK_FALSE(endless.join("key", 0, 1).leads);
    Flights impatient(clock, Duration::min());
    CHECK(impatient.join("key", 0, 1).leads);
    CHECK(impatient.join("key", 0, 1).leads);
    CHECK(impatient.size() == 1);
}

// Whatever the interleaving of leaders, failures, invalidations and take-overs: all end, nobody
// gets an answer from before the generation it had seen.
TEST_CASE("NoInterleavingGivesAnAnswerFromBeforeAnInvalidation") {
    constexpr int kThreads = 4;
    constexpr int kRounds = 2'000;
    SystemClock clock;
    resilience::SingleFlight<std::uint64_t> flights(clock, 30s);
    std::atomic<std::uint64_t> generation{1};
    std::atomic<int> wrong{0};
    std::vector<std::thread> threads;
    for (int id = 0; id < kThreads; ++id)
        threads.emplace_back([&, id] {
            for (int round = 0; round < kRounds; ++round) {
                if (round % 16 == id) ++generation;
                for (;;) {
                    const std::uint64_t seen = generation;
                    const auto joined = flights.join("key", 0, seen);
                    if (joined.leads) {
                        const std::uint64_t loaded = generation;
                        if (round % 8 == id)
                            flights.finish(joined.flight, std::nullopt);
                        else
                            flights.finish(joined.flight, loaded);
                        break;
                    }
                    std::uint64_t answer = 0;
                    const auto waited = joined.flight->wait(clock, SteadyTime::max(), answer);
                    if (waited == resilience::Flight<std::uint64_t>::Waited::Abandoned) continue;
                    if (answer < seen) ++wrong;
                    break;
                }
            }
        });
    for (std::thread& thread : threads) thread.join();
    CHECK(wrong == 0);
    CHECK(flights.size() == 0);
}

TEST_CASE("AThreadKnowsWhatItIsLoading") {
    const int owner = 0;
    const int other = 0;
    CHECK_FALSE(LoadScope::contains(&owner, "a"));
    CHECK_FALSE(LoadScope::inside());
    {
        const LoadScope outer(&owner, "a");
        CHECK(LoadScope::inside());
        CHECK(LoadScope::contains(&owner, "a"));
        CHECK_FALSE(LoadScope::contains(&owner, "b"));
        CHECK_FALSE(LoadScope::contains(&other, "a"));
        {
            const LoadScope inner(&other, "b");
            CHECK(LoadScope::contains(&owner, "a"));
            CHECK(LoadScope::contains(&other, "b"));
            CHECK_FALSE(LoadScope::contains(&owner, "b"));
            bool seenElsewhere = true;
            std::thread([&] {
                seenElsewhere = LoadScope::contains(&owner, "a") || LoadScope::inside();
            }).join();
            CHECK_FALSE(seenElsewhere);
        }
        CHECK_FALSE(LoadScope::contains(&other, "b"));
        CHECK(LoadScope::contains(&owner, "a"));
    }
    CHECK_FALSE(LoadScope::contains(&owner, "a"));
    CHECK_FALSE(LoadScope::inside());
}
