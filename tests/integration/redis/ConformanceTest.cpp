#include <doctest/doctest.h>

#include <thread>

#include "oxcache/conformance/Conformance.h"
#include "support/RedisPlugin.h"

using namespace oxcache;
using namespace oxcache::testing;

namespace {

conformance::StoreSubject subjectOf(RedisPlugin& plugin, RedisServer& server) {
    return {[&plugin] { return plugin.offer->remoteStore(plugin.context()); },
            [&plugin] { return plugin.offer->invalidationBus(plugin.context()); }, plugin.clock,
            [](Duration time) { std::this_thread::sleep_for(time); },
            [&server] {
                server.command({"CLIENT", "KILL", "TYPE", "pubsub"});
            }};
}

void requireAllPassed(const std::vector<conformance::CheckResult>& results) {
    INFO(conformance::report(results));
    CHECK(conformance::allPassed(results));
    CHECK(results.size() > 10);
}

}  // namespace

TEST_CASE("PluginKeepsThePromisesOfAStore") {
    RedisServer server;
    RedisPlugin plugin(server.uri());
    requireAllPassed(conformance::checkRemoteStore(subjectOf(plugin, server)));
}

TEST_CASE("PluginKeepsThePromisesOfAStoreOnSeveralConnections") {
    RedisServer server;
    RedisPlugin plugin("unix://" + server.unixPath());
    plugin.options.set("connections", std::int64_t{3});
    requireAllPassed(conformance::checkRemoteStore(subjectOf(plugin, server)));
}

TEST_CASE("PluginKeepsThePromisesOfABus") {
    RedisServer server;
    RedisPlugin plugin(server.uri());
    requireAllPassed(conformance::checkInvalidationBus(subjectOf(plugin, server)));
}

TEST_CASE("EveryOptionWithADefaultHasAValueInTheTests") {
    RedisServer server;
    RedisPlugin plugin(server.uri());
    for (const spi::OptionSpec& option : plugin.offer->options)
        CHECK_MESSAGE((option.defaultValue.empty() || plugin.options.has(option.name)),
                      option.name);
    CHECK(plugin.offer->info.name == "redis-standalone");
    CHECK(plugin.offer->info.kind == "l2");
}
