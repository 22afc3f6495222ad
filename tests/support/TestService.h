#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "oxcache/Cache.h"
#include "runtime/ServiceRuntime.h"
#include "support/FakeBus.h"
#include "support/FakeFallback.h"
#include "support/FakeRemoteStore.h"

namespace oxcache::testing {

/// How a TestService is put together.
struct TestPlan {
    bool l1 = true;
    bool l2 = true;
    bool bus = true;
    std::string name = "test";
    std::uint64_t origin = 1;
    std::shared_ptr<FakeDatabase> database{};
    /// Changes the settings before the service is made.
    std::function<void(runtime::ServicePlan&)> change{};
};

/// A whole service over fakes and a clock that is moved by hand: one process of a deployment.
/// Several on one backend are several processes.
struct TestService {
    explicit TestService(TestPlan plan = {}, std::shared_ptr<ManualClock> ticking = nullptr,
                         std::shared_ptr<FakeBackend> shared = nullptr)
        : clock(ticking ? std::move(ticking) : std::make_shared<ManualClock>()),
          backend(shared ? std::move(shared) : std::make_shared<FakeBackend>(*clock)) {
        runtime::ServiceParts parts;
        parts.plan.settings.name = plan.name;
        parts.plan.settings.keyPrefix = plan.name + ":";
        parts.plan.settings.usesL1 = plan.l1;
        parts.plan.settings.usesL2 = plan.l2;
        parts.plan.coherence = "auto";
        if (plan.change) plan.change(parts.plan);
        parts.clock = clock;
        parts.origin = plan.origin;
        if (plan.l2) {
            auto remote = std::make_unique<FakeRemoteStore>(backend);
            store = remote.get();
            parts.remote = std::move(remote);
        }
        if (plan.l2 && plan.bus) {
            auto listening = std::make_unique<FakeBus>(backend);
            bus = listening.get();
            parts.bus = std::move(listening);
        }
        if (plan.database)
            parts.fallback = std::make_unique<FakeFallback>(std::move(plan.database), clock);
        service = std::make_shared<runtime::ServiceRuntime>(std::move(parts));
        startErrors = service->start();
        if (bus != nullptr) bus->awaitHeard();
    }

    /// The public face over it.
    Cache cache() const { return Cache(service); }
    /// The physical key.
    std::string at(const std::string& key) const { return service->name() + ":" + key; }
    void pass(Duration time) const { clock->advance(time); }

    std::shared_ptr<ManualClock> clock;
    std::shared_ptr<FakeBackend> backend;
    /// Owned by the service; null where it has none, and after it was closed.
    FakeRemoteStore* store = nullptr;
    FakeBus* bus = nullptr;
    std::shared_ptr<runtime::ServiceRuntime> service;
    std::vector<Error> startErrors;
};

/// A plan without L2.
inline TestPlan onlyL1() {
    TestPlan plan;
    plan.l2 = false;
    return plan;
}

/// A plan with changed settings.
inline TestPlan with(std::function<void(stages::ServiceSettings&)> change, TestPlan plan = {}) {
    plan.change = [change = std::move(change)](runtime::ServicePlan& made) {
        change(made.settings);
    };
    return plan;
}

}  // namespace oxcache::testing
