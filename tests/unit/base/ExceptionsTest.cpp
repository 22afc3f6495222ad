#include "oxcache/base/Exceptions.h"

#include <memory>
#include <string>
#include <typeinfo>

#include <doctest/doctest.h>

using namespace oxcache;

namespace {

/// Checks what Poco's handlers rely on: thrown as T it arrives as T and as Base, through clone()
/// and rethrow() too.
template <class T, class Base>
void checkException(const T& exception, const std::string& className) {
    CAPTURE(className);
    CHECK(exception.className() == className);
    CHECK(exception.displayText().starts_with(exception.name()));
    CHECK_THROWS_AS(throw exception, T);
    CHECK_THROWS_AS(throw exception, Base);
    CHECK_THROWS_AS(throw exception, Poco::Exception);
    CHECK_THROWS_AS(throw exception, std::exception);
    const std::unique_ptr<Poco::Exception> clone(exception.clone());
    const Poco::Exception& cloned = *clone;
    CHECK(typeid(cloned) == typeid(T));
    CHECK(clone->displayText() == exception.displayText());
    CHECK_THROWS_AS(clone->rethrow(), T);
}

template <class T, class Base>
void checkPlain(const std::string& className) {
    const T exception("the text");
    CHECK(exception.message() == "the text");
    CHECK(exception.displayText().find("the text") != std::string::npos);
    checkException<T, Base>(exception, className);
}

template <class T>
void checkThrown(ErrorCode code) {
    try {
        throwError({code, "why"});
    } catch (const Poco::Exception& error) {
        CHECK(typeid(error) == typeid(T));
        CHECK(error.message() == "why");
    }
}

}  // namespace

TEST_CASE("ExceptionsStandInPocosHierarchy") {
    checkPlain<LoadTimeout, Poco::TimeoutException>("oxcache::LoadTimeout");
    checkPlain<UnknownService, Poco::NotFoundException>("oxcache::UnknownService");
    checkPlain<NotInitialized, Poco::IllegalStateException>("oxcache::NotInitialized");
    checkPlain<Overloaded, Poco::RuntimeException>("oxcache::Overloaded");
    checkPlain<LoaderFailed, Poco::RuntimeException>("oxcache::LoaderFailed");
    checkPlain<Closed, Poco::IllegalStateException>("oxcache::Closed");
    checkPlain<InvalidKey, Poco::InvalidArgumentException>("oxcache::InvalidKey");
    checkException<ConfigurationError, Poco::Exception>(ConfigurationError("bad"),
                                                        "oxcache::ConfigurationError");
    checkException<ShutdownError, Poco::Exception>(ShutdownError({"late"}),
                                                   "oxcache::ShutdownError");
}

TEST_CASE("AConfigurationErrorShowsEveryProblemOnALineOfItsOwn") {
    const ConfigurationError error(std::vector<std::string>{"a.properties:1: x: wrong; write y",
                                                            "a.properties:2: z: wrong; write w"});
    CHECK(error.problems().size() == 2);
    CHECK(error.displayText() ==
          "Configuration error: a.properties:1: x: wrong; write y\n"
          "a.properties:2: z: wrong; write w");
    const std::unique_ptr<Poco::Exception> clone(error.clone());
    CHECK(dynamic_cast<ConfigurationError&>(*clone).problems() == error.problems());
    CHECK(ConfigurationError("one").problems() == std::vector<std::string>{"one"});
}

TEST_CASE("AShutdownErrorShowsEveryError") {
    const ShutdownError error({"first", "second"});
    CHECK(error.errors() == std::vector<std::string>{"first", "second"});
    CHECK(error.displayText() == "Shutdown error: first\nsecond");
    try {
        error.rethrow();
    } catch (const ShutdownError& again) {
        CHECK(again.errors() == error.errors());
    }
}

TEST_CASE("EveryErrorCodeHasItsException") {
    checkThrown<LoadTimeout>(ErrorCode::Timeout);
    checkThrown<Overloaded>(ErrorCode::Overloaded);
    checkThrown<Closed>(ErrorCode::Closed);
    checkThrown<InvalidKey>(ErrorCode::InvalidKey);
    for (const ErrorCode code :
         {ErrorCode::LoaderFailed, ErrorCode::ValueTooLarge, ErrorCode::TypeMismatch,
          ErrorCode::Undecodable, ErrorCode::Unavailable})
        checkThrown<LoaderFailed>(code);
}
