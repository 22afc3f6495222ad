#include "oxcache/base/Result.h"

#include <memory>
#include <string>

#include <doctest/doctest.h>

#include "oxcache/base/Options.h"

using namespace oxcache;

namespace {

Result<int> half(int number) {
    if (number % 2 != 0) return Error{ErrorCode::TypeMismatch, "odd"};
    return number / 2;
}

Result<void> demand(bool holds) {
    if (!holds) return Error{ErrorCode::Closed, "it is closed"};
    return {};
}

}  // namespace

TEST_CASE("AResultHoldsAValueOrAnError") {
    const Result<int> good = half(4);
    CHECK(good.ok());
    CHECK(static_cast<bool>(good));
    CHECK(*good == 2);
    const Result<int> bad = half(3);
    CHECK_FALSE(bad.ok());
    CHECK(bad.error().code == ErrorCode::TypeMismatch);
    CHECK(bad.error().message == "odd");
}

TEST_CASE("AResultOfNothingIsSuccessOrAnError") {
    CHECK(demand(true).ok());
    CHECK_FALSE(demand(false).ok());
    CHECK(demand(false).error().message == "it is closed");
    CHECK(Result<void>(Error{}).ok());
}

TEST_CASE("AValueMovesOutOfAResult") {
    Result<std::unique_ptr<int>> result = std::make_unique<int>(7);
    REQUIRE(result.ok());
    const std::unique_ptr<int> taken = std::move(result).value();
    CHECK(*taken == 7);
    Result<std::string> failed = Error{ErrorCode::Timeout, std::string(100, 'x')};
    const Error error = std::move(failed).error();
    CHECK(error.message.size() == 100);
}

TEST_CASE("AValueInAResultCanBeChanged") {
    Result<std::string> result = std::string("a");
    *result += "b";
    result->push_back('c');
    result.value() += "d";
    CHECK(*result == "abcd");
}

TEST_CASE("EveryEnumerationHasItsNames") {
    CHECK(toString(ErrorCode::None) == "None");
    CHECK(toString(ErrorCode::InvalidKey) == "InvalidKey");
    CHECK(toString(ErrorCode::ValueTooLarge) == "ValueTooLarge");
    CHECK(toString(ErrorCode::TypeMismatch) == "TypeMismatch");
    CHECK(toString(ErrorCode::Undecodable) == "Undecodable");
    CHECK(toString(ErrorCode::Unavailable) == "Unavailable");
    CHECK(toString(ErrorCode::Timeout) == "Timeout");
    CHECK(toString(ErrorCode::Overloaded) == "Overloaded");
    CHECK(toString(ErrorCode::LoaderFailed) == "LoaderFailed");
    CHECK(toString(ErrorCode::Closed) == "Closed");
    CHECK(toString(Outcome::Hit) == "hit");
    CHECK(toString(Outcome::Stale) == "stale");
    CHECK(toString(Outcome::Miss) == "miss");
    CHECK(toString(Outcome::Unavailable) == "unavailable");
    CHECK(toString(Outcome::Error) == "error");
    CHECK(toString(Level::None) == "none");
    CHECK(toString(Level::L1) == "l1");
    CHECK(toString(Level::L2) == "l2");
    CHECK(toString(Level::Fallback) == "fallback");
    CHECK(toString(Level::Loader) == "loader");
    CHECK(toString(WriteStatus::Stored) == "stored");
    CHECK(toString(WriteStatus::Buffered) == "buffered");
    CHECK(toString(WriteStatus::Journaled) == "journaled");
    CHECK(toString(WriteStatus::LocalOnly) == "local-only");
    CHECK(toString(WriteStatus::Rejected) == "rejected");
    CHECK(toString(static_cast<ErrorCode>(99)) == "?");
    CHECK(toString(static_cast<Outcome>(-1)) == "?");
}

TEST_CASE("LevelsAreASet") {
    CHECK(has(Levels::All, Levels::L1));
    CHECK(has(Levels::L1 | Levels::L2, Levels::L2));
    CHECK_FALSE(has(Levels::L1 | Levels::L2, Levels::Fallback));
    CHECK((Levels::L1 | Levels::L2 | Levels::Fallback) == Levels::All);
}
