#include "oxcache/base/Deadline.h"

#include <doctest/doctest.h>

using namespace oxcache;
using namespace std::chrono_literals;

TEST_CASE("ADeadlinePassesAtItsMomentAndNotBefore") {
    ManualClock clock;
    const Deadline deadline = Deadline::in(clock, 10ms);
    CHECK_FALSE(deadline.passed(clock));
    CHECK(deadline.left(clock) == 10ms);
    clock.advance(9ms + 999'999ns);
    CHECK_FALSE(deadline.passed(clock));
    CHECK(deadline.left(clock) == 1ms);  // rounded up: whoever waits that long has waited enough
    clock.advance(1ns);
    CHECK(deadline.passed(clock));
    CHECK(deadline.left(clock) == 0ms);
    clock.advance(24h);
    CHECK(deadline.passed(clock));
    CHECK(deadline.left(clock) == 0ms);
}

TEST_CASE("ZeroAndLessHasPassedAlready") {
    ManualClock clock;
    for (const Duration limit : {0ms, -1ms, -1000ms, Duration::min(), -Duration::max()}) {
        CAPTURE(limit.count());
        const Deadline deadline = Deadline::in(clock, limit);
        CHECK(deadline.passed(clock));
        CHECK_FALSE(deadline.isNever());
        CHECK(deadline.left(clock) == 0ms);
    }
}

TEST_CASE("HugeDurationsDoNotOverflow") {
    ManualClock clock;
    CHECK(Deadline::in(clock, Duration::max()).isNever());
    CHECK(Deadline::in(clock, Duration::max() - 1ms).isNever());
    const auto most = std::chrono::duration_cast<Duration>(SteadyTime::max() - clock.steady());
    CHECK(Deadline::in(clock, most).isNever());
    const Deadline nearly = Deadline::in(clock, most - 1ms);
    CHECK_FALSE(nearly.isNever());
    CHECK_FALSE(nearly.passed(clock));
    CHECK(nearly.left(clock) == 24h);
    CHECK(nearly.time() > clock.steady());
}

TEST_CASE("NeverNeverPasses") {
    ManualClock clock;
    CHECK(Deadline::never().isNever());
    CHECK_FALSE(Deadline::never().passed(clock));
    CHECK(Deadline::never().left(clock) == 24h);
    CHECK(Deadline::at(SteadyTime::max()).isNever());
}

TEST_CASE("AnyMomentCanBeADeadline") {
    ManualClock clock;
    CHECK(Deadline::at(SteadyTime::min()).passed(clock));
    CHECK(Deadline::at(SteadyTime::min()).left(clock) == 0ms);
    CHECK(Deadline::at(clock.steady()).passed(clock));
    CHECK(Deadline::at(clock.steady() + 1ns).left(clock) == 1ms);
}

TEST_CASE("TheEarlierOfTwoDeadlinesHolds") {
    ManualClock clock;
    const Deadline soon = Deadline::in(clock, 1ms);
    const Deadline late = Deadline::in(clock, 2ms);
    CHECK(soon.earlier(late).time() == soon.time());
    CHECK(late.earlier(soon).time() == soon.time());
    CHECK(late.earlier(Deadline::never()).time() == late.time());
    CHECK(Deadline::never().earlier(Deadline::never()).isNever());
}
