#include "oxcache/base/Exceptions.h"

#include <typeinfo>

namespace oxcache {
namespace {

std::string join(const std::vector<std::string>& lines) {
    std::string text;
    for (const std::string& line : lines) {
        if (!text.empty()) text += '\n';
        text += line;
    }
    return text;
}

}  // namespace

#define OXCACHE_DEFINE_EXCEPTION(NAME, TEXT)                                   \
    const char* NAME::name() const noexcept { return TEXT; }                   \
    const char* NAME::className() const noexcept { return "oxcache::" #NAME; } \
    Poco::Exception* NAME::clone() const { return new NAME(*this); }           \
    void NAME::rethrow() const { throw *this; }

OXCACHE_DEFINE_EXCEPTION(ConfigurationError, "Configuration error")
OXCACHE_DEFINE_EXCEPTION(ShutdownError, "Shutdown error")
OXCACHE_DEFINE_EXCEPTION(LoadTimeout, "Load timeout")
OXCACHE_DEFINE_EXCEPTION(UnknownService, "Unknown service")
OXCACHE_DEFINE_EXCEPTION(NotInitialized, "Not initialized")
OXCACHE_DEFINE_EXCEPTION(Overloaded, "Overloaded")
OXCACHE_DEFINE_EXCEPTION(LoaderFailed, "Loader failed")
OXCACHE_DEFINE_EXCEPTION(Closed, "Closed")
OXCACHE_DEFINE_EXCEPTION(InvalidKey, "Invalid key")

ConfigurationError::ConfigurationError(std::vector<std::string> problems)
    : Poco::Exception(join(problems)), problems_(std::move(problems)) {}

ConfigurationError::ConfigurationError(const std::string& problem)
    : ConfigurationError(std::vector<std::string>{problem}) {}

ShutdownError::ShutdownError(std::vector<std::string> errors)
    : Poco::Exception(join(errors)), errors_(std::move(errors)) {}

void throwError(const Error& error) {
    switch (error.code) {
        case ErrorCode::Timeout:
            throw LoadTimeout(error.message);
        case ErrorCode::Overloaded:
            throw Overloaded(error.message);
        case ErrorCode::Closed:
            throw Closed(error.message);
        case ErrorCode::InvalidKey:
            throw InvalidKey(error.message);
        default:
            throw LoaderFailed(error.message);
    }
}

}  // namespace oxcache
