#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "oxcache/base/Clock.h"
#include "oxcache/base/Result.h"
#include "oxcache/spi/FallbackStore.h"
#include "oxcache/spi/InvalidationBus.h"
#include "oxcache/spi/RemoteStore.h"

/// Suites that tell whether an extension keeps the promises of its interface. They need no test
/// framework: tests and `oxcache-admin plugins check` print the same results. Link
/// `Oxcache::conformance`.
namespace oxcache::conformance {

/// One promise, named as a behaviour. `message` says what was seen instead; empty when it passed.
struct CheckResult {
    std::string name;
    bool passed = false;
    std::string message{};
};

/// What the suites need of a store plugin. All functions are called from the caller's thread,
/// `pass` too.
struct StoreSubject {
    /// A store. All that are made stand on one backend, as the stores of several processes do.
    std::function<Result<std::unique_ptr<spi::RemoteStore>>()> makeStore;
    /// A bus of that backend; empty where the plugin brings none.
    std::function<Result<std::unique_ptr<spi::InvalidationBus>>()> makeBus{};
    /// The clock that stores and buses were given; deadlines are made from it.
    Clock& clock;
    /// Lets at least so much store time pass: sleeps, or moves a manual clock.
    std::function<void(Duration)> pass;
    /// Makes a started bus lose messages in a way it must notice; empty where a test cannot.
    std::function<void()> loseMessages{};
    /// Real time after which a check gives up waiting for a bus.
    Duration patience = std::chrono::seconds(10);
};

/// Checks everything that RemoteStore.h promises. Writes only under keys that begin with
/// `conformance:`, a random number, and `:`; leaves some behind until they expire.
std::vector<CheckResult> checkRemoteStore(const StoreSubject& subject);

/// Checks everything that InvalidationBus.h promises; needs `makeBus`.
std::vector<CheckResult> checkInvalidationBus(const StoreSubject& subject);

/// What the suite needs of a fallback plugin. `makeStore` is called from the caller's thread.
struct FallbackSubject {
    /// A store; all that are made ask the same database.
    std::function<Result<std::unique_ptr<spi::FallbackStore>>()> makeStore;
    /// The clock that stores were given; deadlines are made from it.
    Clock& clock;
    /// Keys that have a value, at least one, and keys that a route covers but the database lacks.
    std::vector<std::string> found;
    std::vector<std::string> absent{};
    /// Keys without a route.
    std::vector<std::string> unrouted{};
};

/// Checks everything that FallbackStore.h promises, with these keys and a few odd ones. The
/// database must not change meanwhile.
std::vector<CheckResult> checkFallbackStore(const FallbackSubject& subject);

bool allPassed(std::span<const CheckResult> results);
/// One line per check, failures with their message.
std::string report(std::span<const CheckResult> results);

}  // namespace oxcache::conformance
