#pragma once

#include <memory>
#include <string>
#include <vector>

#include <Poco/Util/AbstractConfiguration.h>

#include "oxcache/Cache.h"
#include "oxcache/base/Export.h"

namespace oxcache {

struct ManagerOptions {
    /// Which environment file to lay over the base file; empty: OXCACHE_ENV, then the recorded one,
    /// then `development`.
    std::string environment{};
    /// `KEY=VALUE` settings that win over everything else, as from a command line.
    std::vector<std::string> settings{};
    /// For a CacheSubsystem: a base file of its own, instead of the application's configuration.
    std::string file{};
};

/// The services of one configuration, with their plugins and threads. An object, for whoever wants
/// several; `init/getClient/shutdownAll` wrap one of them. Thread-safe. The destructor shuts down.
class OXCACHE_API CacheManager {
public:
    /// Reads a .properties, .xml or .json file. Throws ConfigurationError with every problem.
    static std::shared_ptr<CacheManager> fromFile(const std::string& path,
                                                  const ManagerOptions& options = {});
    /// Takes the keys under `oxcache.` of a configuration, which may be discarded afterwards.
    static std::shared_ptr<CacheManager> fromConfiguration(
        const Poco::Util::AbstractConfiguration& configuration, const ManagerOptions& options = {});
    ~CacheManager();
    CacheManager(const CacheManager&) = delete;
    CacheManager& operator=(const CacheManager&) = delete;

    /// Throws UnknownService, and Closed after shutdown.
    Cache cache(const std::string& name) const;
    /// The services' names, sorted.
    std::vector<std::string> names() const;
    /// Ends background loads (waiting for them until `deadline`), threads and plugins. Handles then
    /// answer Closed. Throws ShutdownError with everything that did not end well. Once only; later
    /// calls do nothing.
    void shutdown(Duration deadline = std::chrono::seconds(10));

private:
    struct Impl;
    explicit CacheManager(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

/// The process-wide manager: made by init(), ended by shutdownAll(). A second init without
/// shutdown throws Poco::IllegalStateException.
OXCACHE_API void init(const std::string& path, const ManagerOptions& options = {});
/// Throws NotInitialized before init() and after shutdownAll(), UnknownService for another name.
OXCACHE_API Cache getClient(const std::string& name);
/// Ends the process-wide manager; does nothing where there is none. Throws ShutdownError.
OXCACHE_API void shutdownAll(Duration deadline = std::chrono::seconds(10));

}  // namespace oxcache
