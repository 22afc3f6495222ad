#include "oxcache/base/Version.h"

#include <limits>
#include <vector>

#include <doctest/doctest.h>

using oxcache::Version;

TEST_CASE("VersionsAreOrderedByTimeThenCounterThenOrigin") {
    const std::vector<Version> ascending{{0, 0, 0},
                                         {0, 0, 1},
                                         {0, 1, 0},
                                         {1, 0, 0},
                                         {1, 0, 9},
                                         {1, 1, 0},
                                         {1, std::numeric_limits<std::uint32_t>::max(), 0},
                                         {2, 0, 0},
                                         {std::uint64_t{1} << 52, 0, 0}};
    for (std::size_t i = 0; i < ascending.size(); ++i) {
        for (std::size_t j = 0; j < ascending.size(); ++j) {
            CHECK((ascending[i] < ascending[j]) == (i < j));
            CHECK((ascending[i] == ascending[j]) == (i == j));
        }
    }
}

TEST_CASE("OnlyTheDefaultVersionMeansNone") {
    CHECK_FALSE(static_cast<bool>(Version{}));
    CHECK(static_cast<bool>(Version{1, 0, 0}));
    CHECK(static_cast<bool>(Version{0, 1, 0}));
    CHECK(static_cast<bool>(Version{0, 0, 1}));
}
