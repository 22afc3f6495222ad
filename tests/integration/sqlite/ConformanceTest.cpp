#include "Fixture.h"
#include "oxcache/conformance/Conformance.h"

using namespace oxcache;
using namespace oxcache::testing;

TEST_CASE("ThePluginKeepsThePromisesOfAFallback") {
    Fixture f;
    Options options = f.users();
    options.emplace_back("routes.rows.match", "row:{id}");
    options.emplace_back("routes.rows.query", "SELECT name, age FROM users WHERE age > :id");
    const conformance::FallbackSubject subject{[&] { return f.plugin.fallback(options, f.clock); },
                                               f.clock,
                                               {"user:1", "user:2", "row:0"},
                                               {"user:3", "row:99", "user:x"},
                                               {"other", "use"}};
    const auto results = conformance::checkFallbackStore(subject);
    INFO(conformance::report(results));
    CHECK(conformance::allPassed(results));
    CHECK(results.size() > 10);
}
