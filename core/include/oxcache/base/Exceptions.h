#pragma once

#include <string>
#include <vector>

#include <Poco/Exception.h>

#include "oxcache/base/Error.h"
#include "oxcache/base/Export.h"

/// Exceptions are thrown by construction, configuration and `getOrLoad` only; the data path speaks
/// in values. All derive from Poco::Exception, so that a Poco application's handlers see them.
namespace oxcache {

/// A configuration cannot be used. `displayText()` lists every problem, one a line, each as
/// `file:line: key: what; what to do`.
class OXCACHE_API ConfigurationError : public Poco::Exception {
public:
    explicit ConfigurationError(std::vector<std::string> problems);
    explicit ConfigurationError(const std::string& problem);

    const std::vector<std::string>& problems() const noexcept { return problems_; }
    const char* name() const noexcept override;
    const char* className() const noexcept override;
    Poco::Exception* clone() const override;
    [[noreturn]] void rethrow() const override;

private:
    std::vector<std::string> problems_;
};

/// Shutdown finished, but not everything ended well; `errors()` has one text per problem.
class OXCACHE_API ShutdownError : public Poco::Exception {
public:
    explicit ShutdownError(std::vector<std::string> errors);

    const std::vector<std::string>& errors() const noexcept { return errors_; }
    const char* name() const noexcept override;
    const char* className() const noexcept override;
    Poco::Exception* clone() const override;
    [[noreturn]] void rethrow() const override;

private:
    std::vector<std::string> errors_;
};

// An exception that adds only its type.
#define OXCACHE_DECLARE_EXCEPTION(NAME, BASE)                        \
    class OXCACHE_API NAME : public BASE {                           \
    public:                                                          \
        explicit NAME(const std::string& message) : BASE(message) {} \
        const char* name() const noexcept override;                  \
        const char* className() const noexcept override;             \
        Poco::Exception* clone() const override;                     \
        [[noreturn]] void rethrow() const override;                  \
    }

/// A load did not finish within its deadline.
OXCACHE_DECLARE_EXCEPTION(LoadTimeout, Poco::TimeoutException);
/// No service of that name is configured.
OXCACHE_DECLARE_EXCEPTION(UnknownService, Poco::NotFoundException);
/// The process-wide manager was used before init().
OXCACHE_DECLARE_EXCEPTION(NotInitialized, Poco::IllegalStateException);
/// Too many abandoned loads; nothing more is started.
OXCACHE_DECLARE_EXCEPTION(Overloaded, Poco::RuntimeException);
/// A loader declared its failure (`LoadContext::fail`), or loaded its own key.
OXCACHE_DECLARE_EXCEPTION(LoaderFailed, Poco::RuntimeException);
/// The manager has been shut down.
OXCACHE_DECLARE_EXCEPTION(Closed, Poco::IllegalStateException);
/// The key is empty or too long.
OXCACHE_DECLARE_EXCEPTION(InvalidKey, Poco::InvalidArgumentException);

#undef OXCACHE_DECLARE_EXCEPTION

/// Throws the exception that stands for an error's code.
[[noreturn]] OXCACHE_API void throwError(const Error& error);

}  // namespace oxcache
