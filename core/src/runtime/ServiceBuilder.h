#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "config/Configuration.h"
#include "host/PluginHost.h"
#include "oxcache/base/Clock.h"
#include "runtime/ServiceRuntime.h"

namespace oxcache::runtime {

using Services = std::map<std::string, std::shared_ptr<ServiceRuntime>, std::less<>>;

/// From a loaded configuration to running services: finds the plugins it names, checks every value
/// against the tables of the core and of the plugins, builds and starts. All problems are collected
/// before anything is started. For one use.
class OXCACHE_INTERNAL ServiceBuilder {
public:
    ServiceBuilder(config::Configuration::Ptr configuration, std::shared_ptr<Clock> clock);
    ~ServiceBuilder();

    /// Throws ConfigurationError.
    Services build(config::Problems& problems);

private:
    struct Wanted;

    void findPlugins(const std::string& service, config::Problems& problems);
    const host::Offer* plugin(const std::string& service, const std::string& kind,
                              config::Problems& problems);
    void make(Wanted& wanted, const spi::OptionValues& global, config::Problems& problems);
    template <class Extension, class Factory>
    std::unique_ptr<Extension> built(const Factory& factory, const std::string& kind,
                                     const std::string& what, const Wanted& wanted,
                                     const spi::OptionValues& options,
                                     config::Problems& problems) const;
    spi::ExtensionContext contextFor(const Wanted& wanted, const spi::OptionValues& options) const;
    void checkRaw(const Wanted& wanted, config::Problems& problems) const;
    void chooseBus(Wanted& wanted, const spi::OptionValues& options, config::Problems& problems);

    config::Configuration::Ptr configuration_;
    std::shared_ptr<Clock> clock_;
    std::shared_ptr<host::PluginHost> host_;
    std::vector<std::unique_ptr<Wanted>> wanted_;
};

}  // namespace oxcache::runtime
