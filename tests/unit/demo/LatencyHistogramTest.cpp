#include "LatencyHistogram.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include "Random.h"

using namespace oxcache::demo;

TEST_CASE("AHistogramOfNothingHasNoPercentiles") {
    const LatencyHistogram empty;
    CHECK(empty.count() == 0);
    CHECK_FALSE(empty.percentile(0.5));
}

TEST_CASE("SmallDurationsAreExact") {
    LatencyHistogram latency;
    for (std::int64_t ns = 1; ns <= 100; ++ns) latency.record(ns);
    CHECK(latency.percentile(0.0) == 1.0);
    CHECK(latency.percentile(0.5) == 50.0);
    CHECK(latency.percentile(0.99) == 99.0);
    CHECK(latency.percentile(1.0) == 100.0);
}

TEST_CASE("PercentilesOfAnyDurationAreWithinASixtyFourth") {
    Random random(7);
    LatencyHistogram latency;
    std::vector<double> exact;
    for (int i = 0; i < 100'000; ++i) {
        // Spread over all magnitudes up to 2^41 ns.
        const auto ns = static_cast<std::int64_t>(random.next() >> (23 + random.below(41)));
        latency.record(ns);
        exact.push_back(static_cast<double>(ns));
    }
    std::sort(exact.begin(), exact.end());
    for (const double share : {0.001, 0.1, 0.25, 0.5, 0.9, 0.99, 0.999, 1.0}) {
        const auto rank = static_cast<std::size_t>(std::ceil(share * 100'000)) - 1;
        CHECK(std::abs(*latency.percentile(share) - exact[rank]) <= exact[rank] / 64);
    }
}

TEST_CASE("DurationsOutOfRangeCountAsTheNearest") {
    LatencyHistogram latency;
    latency.record(-5);
    latency.record(INT64_MAX);
    CHECK(latency.count() == 2);
    CHECK(latency.percentile(0.5) == 0.0);
    CHECK(*latency.percentile(1.0) > 4.3e12);
}

TEST_CASE("MergedHistogramsCountTogether") {
    LatencyHistogram a, b;
    for (int i = 0; i < 99; ++i) a.record(10);
    b.record(1'000'000);
    a.merge(b);
    CHECK(a.count() == 100);
    CHECK(a.percentile(0.99) == 10.0);
    CHECK(*a.percentile(0.999) > 980'000);
}
