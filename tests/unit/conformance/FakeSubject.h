#pragma once

#include <memory>

#include "oxcache/conformance/Conformance.h"
#include "support/FakeBus.h"
#include "support/FakeRemoteStore.h"

namespace oxcache::testing {

/// The fakes as a subject of the conformance suites, on a manual clock.
struct FakeSubject {
    ManualClock clock;
    std::shared_ptr<FakeBackend> backend = std::make_shared<FakeBackend>(clock);

    conformance::StoreSubject subject() {
        return {[this]() -> Result<std::unique_ptr<spi::RemoteStore>> {
                    return std::unique_ptr<spi::RemoteStore>(new FakeRemoteStore(backend));
                },
                [this]() -> Result<std::unique_ptr<spi::InvalidationBus>> {
                    return std::unique_ptr<spi::InvalidationBus>(new FakeBus(backend));
                },
                clock,
                [this](Duration time) { clock.advance(time); },
                {}};
    }
};

}  // namespace oxcache::testing
