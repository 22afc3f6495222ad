#include "ZipfGenerator.h"

#include <cmath>
#include <vector>

#include <Poco/Exception.h>
#include <doctest/doctest.h>

using namespace oxcache::demo;

namespace {

// Pearson's statistic of `draws` ranks against the exact probabilities, with its degrees of
// freedom.
struct Fit {
    double statistic;
    double freedom;
};
Fit fitOf(std::size_t ranks, double exponent, std::uint64_t seed, int draws) {
    const ZipfGenerator zipf(ranks, exponent);
    Random random(seed);
    std::vector<double> counts(ranks);
    for (int i = 0; i < draws; ++i) counts.at(zipf.draw(random)) += 1;
    double sum = 0;
    for (std::size_t i = 0; i < ranks; ++i) sum += std::pow(double(i + 1), -exponent);
    double statistic = 0;
    for (std::size_t i = 0; i < ranks; ++i) {
        const double expected = draws * std::pow(double(i + 1), -exponent) / sum;
        REQUIRE(expected > 5);
        statistic += (counts[i] - expected) * (counts[i] - expected) / expected;
    }
    return {statistic, double(ranks - 1)};
}

}  // namespace

TEST_CASE("RanksAreDrawnWithTheirProbability") {
    for (const double exponent : {0.0, 0.5, 0.99, 1.3}) {
        CAPTURE(exponent);
        const Fit fit = fitOf(200, exponent, 42, 1'000'000);
        // Five standard deviations of the chi-squared distribution.
        CHECK(fit.statistic < fit.freedom + 5 * std::sqrt(2 * fit.freedom));
        // And not suspiciously well either.
        CHECK(fit.statistic > fit.freedom - 5 * std::sqrt(2 * fit.freedom));
    }
}

TEST_CASE("TheSameSeedGivesTheSameRanks") {
    const ZipfGenerator zipf(1000, 0.99);
    Random a(1), b(1), c(2);
    int same = 0;
    for (int i = 0; i < 1000; ++i) {
        const auto rank = zipf.draw(a);
        CHECK(rank == zipf.draw(b));
        same += rank == zipf.draw(c) ? 1 : 0;
    }
    CHECK(same < 200);
}

TEST_CASE("TheRandomNumbersAreThoseOfTheirPaper") {
    Random random(1234567);
    CHECK(random.next() == 6457827717110365317U);
    CHECK(random.next() == 3203168211198807973U);
    CHECK(random.next() == 9817491932198370423U);
}

TEST_CASE("OneRankIsAlwaysDrawn") {
    const ZipfGenerator zipf(1, 0.99);
    Random random(3);
    for (int i = 0; i < 1000; ++i) CHECK(zipf.draw(random) == 0);
}

TEST_CASE("ASteepExponentLeavesLittleForTheRest") {
    const ZipfGenerator zipf(100'000, 20);
    Random random(3);
    int first = 0;
    for (int i = 0; i < 1000; ++i) first += zipf.draw(random) == 0 ? 1 : 0;
    CHECK(first == 1000);
}

TEST_CASE("ImpossibleDistributionsAreRefused") {
    CHECK_THROWS_AS(ZipfGenerator(0, 1), Poco::InvalidArgumentException);
    CHECK_THROWS_AS(ZipfGenerator(10, -0.1), Poco::InvalidArgumentException);
    CHECK_THROWS_AS(ZipfGenerator(10, 20.1), Poco::InvalidArgumentException);
    CHECK_THROWS_AS(ZipfGenerator(10, std::nan("")), Poco::InvalidArgumentException);
}
