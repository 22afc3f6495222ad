#include "oxcache/CacheManager.h"

#include <utility>

#include <Poco/Logger.h>

#include "config/Configuration.h"
#include "oxcache/base/Mutex.h"
#include "runtime/Housekeeper.h"
#include "runtime/ServiceBuilder.h"

namespace oxcache {

struct CacheManager::Impl {
    explicit Impl(const config::Source& source)
        : clock(std::make_shared<SystemClock>()), housekeeper(*clock) {
        config::Problems problems;
        config::Configuration::Ptr configuration = config::Configuration::load(source, problems);
        services = runtime::ServiceBuilder(configuration, clock).build(problems);
        std::vector<std::shared_ptr<runtime::ServiceRuntime>> all;
        for (const auto& [name, service] : services) all.push_back(service);
        housekeeper.start(std::move(all));
    }

    std::shared_ptr<Clock> clock;
    /// Unchanged after construction; services answer Closed when they have been closed.
    runtime::Services services;
    runtime::Housekeeper housekeeper;
    Mutex mutex;
    bool down OXCACHE_GUARDED_BY(mutex) = false;
};

CacheManager::CacheManager(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

CacheManager::~CacheManager() {
    try {
        shutdown();
    } catch (const ShutdownError& error) {
        Poco::Logger::get("oxcache").error(error.displayText());
    }
}

std::shared_ptr<CacheManager> CacheManager::fromFile(const std::string& path,
                                                     const ManagerOptions& options) {
    config::Source source;
    source.file = path;
    source.environment = options.environment;
    source.settings = options.settings;
    return std::shared_ptr<CacheManager>(new CacheManager(std::make_unique<Impl>(source)));
}

std::shared_ptr<CacheManager> CacheManager::fromConfiguration(
    const Poco::Util::AbstractConfiguration& configuration, const ManagerOptions& options) {
    config::Source source;
    // The loader only reads it, and only now; Poco's pointers know no const.
    source.application = Poco::AutoPtr<Poco::Util::AbstractConfiguration>(
        const_cast<Poco::Util::AbstractConfiguration*>(&configuration), true);
    source.environment = options.environment;
    source.settings = options.settings;
    return std::shared_ptr<CacheManager>(new CacheManager(std::make_unique<Impl>(source)));
}

Cache CacheManager::cache(const std::string& name) const {
    {
        MutexLock lock(impl_->mutex);
        if (impl_->down) throw Closed("the cache manager has been shut down");
    }
    const auto found = impl_->services.find(name);
    if (found != impl_->services.end()) return Cache(found->second);
    std::string known;
    for (const std::string& each : names()) known += (known.empty() ? "" : ", ") + each;
    throw UnknownService("no service '" + name + "' is configured; there are: " + known);
}

std::vector<std::string> CacheManager::names() const {
    std::vector<std::string> result;
    for (const auto& [name, service] : impl_->services) result.push_back(name);
    return result;
}

void CacheManager::shutdown(Duration limit) {
    {
        MutexLock lock(impl_->mutex);
        if (std::exchange(impl_->down, true)) return;
    }
    impl_->housekeeper.stop();
    const Deadline deadline = Deadline::in(*impl_->clock, limit);
    std::vector<std::string> errors;
    for (const auto& [name, service] : impl_->services)
        for (std::string& error : service->close(deadline)) errors.push_back(std::move(error));
    if (!errors.empty()) throw ShutdownError(std::move(errors));
}

}  // namespace oxcache
