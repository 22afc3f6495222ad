#include <doctest/doctest.h>

#include "FakeSubject.h"

using namespace oxcache;
using namespace oxcache::testing;

TEST_CASE("FakeStoreKeepsThePromises") {
    FakeSubject fake;
    const auto results = conformance::checkRemoteStore(fake.subject());
    INFO(conformance::report(results));
    CHECK(conformance::allPassed(results));
    CHECK(results.size() > 30);
}

TEST_CASE("FakeBusKeepsThePromises") {
    FakeSubject fake;
    const auto results = conformance::checkInvalidationBus(fake.subject());
    INFO(conformance::report(results));
    CHECK(conformance::allPassed(results));
    CHECK(results.size() > 10);
}

TEST_CASE("FakeStoreFailsOnDemand") {
    ManualClock clock;
    FakeRemoteStore store(std::make_shared<FakeBackend>(clock));
    const Key keys[] = {"a", "b"};
    store.failNext(1, {ErrorCode::Timeout, "on demand"});
    const auto failed = store.get(keys, Deadline::never());
    REQUIRE(failed.size() == 2);
    CHECK((failed[0].error().code == ErrorCode::Timeout));
    CHECK(failed[1].error().message == "on demand");
    CHECK(store.get(keys, Deadline::never())[0].ok());
    store.breakDown();
    CHECK_FALSE(store.time(Deadline::never()).ok());
    CHECK_FALSE(store.time(Deadline::never()).ok());
    store.restore();
    CHECK(store.time(Deadline::never()).ok());
    CHECK(store.count(StoreOperation::Get) == 2);
    REQUIRE(store.calls()[0].keys.size() == 2);
    CHECK(store.calls()[0].keys[1] == std::string("b"));
}

TEST_CASE("FakeStoreLosesAnswersAfterTheEffect") {
    ManualClock clock;
    FakeRemoteStore store(std::make_shared<FakeBackend>(clock));
    const Bytes envelope = encodeEnvelope({}, "v");
    const spi::Put put{"k", spi::PutMode::Overwrite, envelope, {}, clock.wallMs() + 1000, true};
    store.loseAnswers(1);
    CHECK((store.put({&put, 1}, Deadline::never())[0].error().code == ErrorCode::Unavailable));
    CHECK((store.backend().at("k") == envelope));
}

TEST_CASE("GatesHoldACallBeforeAndAfterItsEffect") {
    ManualClock clock;
    FakeRemoteStore store(std::make_shared<FakeBackend>(clock));
    const Bytes envelope = encodeEnvelope({}, "v");
    const spi::Put put{"k", spi::PutMode::Overwrite, envelope, {}, clock.wallMs() + 1000, true};
    const auto before = std::make_shared<CallGate>(), after = std::make_shared<CallGate>();
    store.gateNext(StoreOperation::Put, before);
    store.gateNextAnswer(StoreOperation::Put, after);
    std::thread writer([&] { store.put({&put, 1}, Deadline::never()); });
    before->awaitArrivals();
    CHECK_FALSE(store.backend().at("k").has_value());
    before->open();
    after->awaitArrivals();
    CHECK(store.backend().at("k").has_value());
    after->open();
    writer.join();
}
