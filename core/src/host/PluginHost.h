#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <Poco/ClassLoader.h>

#include "oxcache/base/Export.h"
#include "oxcache/base/Result.h"
#include "oxcache/spi/Plugin.h"

namespace oxcache::host {

/// What a loaded plugin offers; a factory that it does not have is empty.
struct Offer {
    std::string file;
    spi::PluginInfo info;
    std::vector<spi::OptionSpec> options;
    spi::RemoteStoreFactory remoteStore;
    spi::FallbackStoreFactory fallbackStore;
    spi::InvalidationBusFactory invalidationBus;
};

/// Finds, checks and loads plugin files. A file is first opened with all symbols bound, so that
/// what is no library, or lacks a symbol or dependency, is an error here and not a crash later;
/// then its version record is read, and only then is it handed to Poco::ClassLoader. Plugins stay
/// loaded as long as the host: whoever uses an Offer keeps the host. Not thread-safe.
class OXCACHE_INTERNAL PluginHost {
public:
    /// Folders are searched in order.
    explicit PluginHost(std::vector<std::string> folders);
    ~PluginHost();
    PluginHost(const PluginHost&) = delete;
    PluginHost& operator=(const PluginHost&) = delete;

    /// The plugin `oxcache-<kind>-<name>.so`. The error says which file and why.
    Result<const Offer*> load(const std::string& kind, const std::string& name);
    /// As load(), from a file at hand.
    Result<const Offer*> loadFile(const std::string& file);

    /// The folder that belongs to the core library in use, built or installed.
    static std::string defaultFolder();

private:
    struct Loaded;

    Result<void> check(const std::string& file) const;
    Result<std::unique_ptr<Loaded>> open(const std::string& file);
    std::string available(const std::string& kind) const;

    const std::vector<std::string> folders_;
    Poco::ClassLoader<spi::Plugin> loader_;
    std::map<std::string, std::unique_ptr<Loaded>> loaded_;
};

}  // namespace oxcache::host
