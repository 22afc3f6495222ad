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
    spi::StoreTraits traits;
};

/// Finds, checks and loads plugin files. A file is first opened with all symbols bound, so that
/// what is no library, or lacks a symbol or dependency, is an error here and not a crash later;
/// then its version record is read, and only then is it handed to Poco::ClassLoader. Plugins stay
/// loaded as long as the host: whoever uses an Offer, or anything built by it, keeps the host. Not
/// thread-safe.
///
/// All errors are Unavailable; they name the file, what is wrong with it and what to do.
class OXCACHE_INTERNAL PluginHost {
public:
    /// Folders are searched in order; relative ones are taken from the current folder, now.
    explicit PluginHost(const std::vector<std::string>& folders);
    ~PluginHost();
    PluginHost(const PluginHost&) = delete;
    PluginHost& operator=(const PluginHost&) = delete;

    /// The plugin `oxcache-<kind>-<name>.so`; it must be of that kind.
    Result<const Offer*> load(const std::string& kind, const std::string& name);
    /// The plugin in a file at hand, of whatever kind. The same file is loaded once.
    Result<const Offer*> loadFile(const std::string& path);

    /// The folder that belongs to the core library in use, built or installed.
    static std::string defaultFolder();

private:
    class Library;
    struct Loaded;

    Result<void> check(const std::string& file, const Library& library) const;
    Result<std::unique_ptr<Loaded>> open(const std::string& file);
    std::string available(const std::string& kind) const;

    std::vector<std::string> folders_;
    Poco::ClassLoader<spi::Plugin> loader_;
    std::map<std::string, std::unique_ptr<Loaded>> loaded_;
};

}  // namespace oxcache::host
