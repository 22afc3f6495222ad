#include <doctest/doctest.h>

#include "redis-sentinel/SentinelBook.h"
#include "redis-sentinel/SentinelBus.h"

using namespace oxcache;
using namespace oxcache::redis;

namespace {

Endpoint at(std::uint16_t port) { return {"h", port, {}}; }

SteadyTime ms(int time) { return SteadyTime() + Duration(time); }

/// Writes down what it is told, in order.
struct Told final : spi::BusListener {
    std::vector<std::string> told;
    void onChanges(std::span<const spi::KeyChange> changes) override {
        told.push_back("changes " + std::to_string(changes.size()));
    }
    void onGap(std::optional<unsigned>) override { told.emplace_back("gap"); }
    void onCoverage(bool covered) override { told.emplace_back(covered ? "covered" : "uncovered"); }
};

}  // namespace

TEST_CASE("WhoAnsweredLastIsAskedFirstAndNobodyOfTheConfigurationIsForgotten") {
    SentinelBook book({at(1), at(2)});
    CHECK(book.order() == std::vector{at(1), at(2)});
    CHECK(book.voters() == 2);
    book.learned({at(2), at(3), at(4)});
    book.answered(at(3));
    CHECK(book.order() == std::vector{at(3), at(1), at(2), at(4)});
    CHECK(book.voters() == 4);
    book.learned({at(5)});
    CHECK(book.order() == std::vector{at(3), at(1), at(2), at(5)});
    CHECK(book.voters() == 2);
}

TEST_CASE("NobodyAnsweredAndNobodyKnowsAreTwoErrors") {
    Inquiry silent;
    silent.silent("refused");
    silent.silent("too late");
    CHECK(silent.error("m").message ==
          "redis: none of 2 sentinels could be asked; the last one: too late");
    Inquiry unknown;
    unknown.silent("refused");
    unknown.unknown();
    CHECK(unknown.error("m").message.find("no sentinel knows a master named 'm'") !=
          std::string::npos);
}

TEST_CASE("AMasterIsTrustedWhileAMajorityHasNamedItNotLongAgo") {
    Confirmation confirmation(Duration(1000), ms(0));
    CHECK(confirmation.holds(ms(999)));
    CHECK_FALSE(confirmation.holds(ms(1000)));
    confirmation.heard(1, 2, ms(1000));  // a half is no majority
    CHECK_FALSE(confirmation.holds(ms(1000)));
    confirmation.heard(2, 3, ms(1100));
    CHECK(confirmation.holds(ms(2099)));
    confirmation.heard(0, 3, ms(2000));
    CHECK_FALSE(confirmation.holds(ms(2100)));
}

TEST_CASE("TheGateCoversWhileTheBusDoesAndTheMasterIsConfirmed") {
    Told told;
    CoverageGate gate(told, true);
    gate.onCoverage(true);
    gate.confirmed(true);
    gate.confirmed(false);
    gate.onCoverage(false);
    gate.onCoverage(true);
    gate.confirmed(true);
    gate.onGap(std::nullopt);
    CHECK(told.told == std::vector<std::string>{"covered", "uncovered", "gap", "covered", "gap"});
}
