#include <doctest/doctest.h>

#include <thread>

#include "host/PluginHost.h"
#include "oxcache/conformance/Conformance.h"
#include "support/TempFolder.h"

using namespace oxcache;
using namespace oxcache::testing;

namespace {

/// The plugin as a program loads it: from its file, through the host.
struct LoadedPlugin {
    TempFolder folder;
    spi::OptionValues options;
    host::PluginHost host{{host::PluginHost::defaultFolder()}};
    const host::Offer* offer = nullptr;

    LoadedPlugin() {
        auto loaded = host.load("l2", "embedded");
        REQUIRE_MESSAGE(loaded.ok(), loaded.error().message);
        offer = loaded.value();
        options.set("path", folder.file("cache.db"));
        options.set("max_bytes", std::int64_t{64} << 20);
        options.set("poll_interval", Duration(20));
        options.set("busy_timeout", Duration(2000));
        options.set("sweep_interval", Duration(1000));
        options.set("change_log", std::int64_t{16384});
        options.set("readers", std::int64_t{4});
    }

    spi::ExtensionContext context(Clock& clock) const {
        return {options,
                clock,
                "conformance",
                "conformance:",
                1,
                1ULL << 20,
                [](spi::LogLevel, const std::string&) {}};
    }

    conformance::StoreSubject subject(Clock& clock, std::function<void(Duration)> pass) {
        return {[this, &clock] { return offer->remoteStore(context(clock)); },
                [this, &clock] { return offer->invalidationBus(context(clock)); }, clock,
                std::move(pass), [this] { std::filesystem::remove(options.text("path")); }};
    }
};

void requireAllPassed(const std::vector<conformance::CheckResult>& results) {
    INFO(conformance::report(results));
    CHECK(conformance::allPassed(results));
    CHECK(results.size() > 10);
}

}  // namespace

TEST_CASE("PluginKeepsThePromisesOfAStoreOnAManualClock") {
    LoadedPlugin plugin;
    ManualClock clock;
    requireAllPassed(conformance::checkRemoteStore(
        plugin.subject(clock, [&](Duration time) { clock.advance(time); })));
}

TEST_CASE("PluginKeepsThePromisesOfAStoreOnTheMachinesClock") {
    LoadedPlugin plugin;
    SystemClock clock;
    requireAllPassed(conformance::checkRemoteStore(
        plugin.subject(clock, [](Duration time) { std::this_thread::sleep_for(time); })));
}

TEST_CASE("PluginKeepsThePromisesOfABusOnAManualClock") {
    LoadedPlugin plugin;
    ManualClock clock;
    requireAllPassed(conformance::checkInvalidationBus(
        plugin.subject(clock, [&](Duration time) { clock.advance(time); })));
}

TEST_CASE("PluginKeepsThePromisesOfABusOnTheMachinesClock") {
    LoadedPlugin plugin;
    SystemClock clock;
    requireAllPassed(conformance::checkInvalidationBus(
        plugin.subject(clock, [](Duration time) { std::this_thread::sleep_for(time); })));
}

TEST_CASE("EveryOptionOfTheTableHasAValueInTheTests") {
    LoadedPlugin plugin;
    for (const spi::OptionSpec& option : plugin.offer->options)
        CHECK_MESSAGE(plugin.options.has(option.name), option.name);
    CHECK(plugin.offer->info.name == "embedded");
    CHECK(plugin.offer->info.kind == "l2");
}
