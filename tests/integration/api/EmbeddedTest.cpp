#include <algorithm>
#include <fstream>

#include <doctest/doctest.h>

#include "api/Configured.h"

using namespace std::chrono_literals;
using namespace oxcache;
using namespace oxcache::testing;

namespace {

std::string embeddedService(const std::string& name) {
    const std::string prefix = "oxcache.services." + name + ".";
    return prefix + "cache_type = two-level\n" + prefix + "l2.plugin = embedded\n" + prefix +
           "l2.path = cache.db\n";
}

std::uint64_t counted(const Cache& cache, const std::string& name) {
    const Statistics statistics = cache.stats();
    const auto& all = statistics.l2Counters;
    const auto found = std::find_if(all.begin(), all.end(),
                                    [&](const auto& counter) { return counter.first == name; });
    REQUIRE(found != all.end());
    return found->second;
}

}  // namespace

TEST_CASE("ACorruptFileIsReplacedAndTheStatisticsCountIt") {
    const ConfigurationFile file(embeddedService("files"));
    std::ofstream(file.folder() + "/cache.db") << std::string(20'000, 'g');
    const auto manager = CacheManager::fromFile(file.path());
    const Cache cache = manager->cache("files");
    CHECK(cache.set("key", 5).status == WriteStatus::Stored);
    CHECK(cache.l2().get<int>("key") == 5);
    CHECK(counted(cache, "recreated") == 1);
    CHECK(cache.health().l2 == 1);
    manager->shutdown();
    CHECK(cache.stats().l2Counters.empty());
}
