#include "host/PluginHost.h"

#include <cstring>
#include <filesystem>
#include <utility>

#include <dlfcn.h>

#include <Poco/Exception.h>

namespace oxcache::host {
namespace {

Error unusable(const std::string& file, const std::string& why) {
    return {ErrorCode::Unavailable, "plugin file " + file + ": " + why};
}

/// An open library, closed again.
struct Library {
    explicit Library(const std::string& file)
        : handle(::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL)) {}
    ~Library() {
        if (handle != nullptr) ::dlclose(handle);
    }
    Library(const Library&) = delete;
    Library& operator=(const Library&) = delete;
    void* handle;
};

class Collector final : public spi::ExtensionRegistry {
public:
    explicit Collector(Offer& offer) : offer_(offer) {}

    void options(std::vector<spi::OptionSpec> table) override { offer_.options = std::move(table); }
    void remoteStore(spi::RemoteStoreFactory factory) override {
        offer_.remoteStore = std::move(factory);
    }
    void fallbackStore(spi::FallbackStoreFactory factory) override {
        offer_.fallbackStore = std::move(factory);
    }
    void invalidationBus(spi::InvalidationBusFactory factory) override {
        offer_.invalidationBus = std::move(factory);
    }

private:
    Offer& offer_;
};

std::string fileName(const std::string& kind, const std::string& name) {
    return "oxcache-" + kind + "-" + name + ".so";
}

}  // namespace

/// The plugin's object goes before what it registered is forgotten, and both before the library.
struct PluginHost::Loaded {
    Offer offer;
    std::unique_ptr<spi::Plugin> plugin;
};

PluginHost::PluginHost(std::vector<std::string> folders) : folders_(std::move(folders)) {}

PluginHost::~PluginHost() {
    while (!loaded_.empty()) {
        const std::string file = loaded_.begin()->first;
        loaded_.erase(loaded_.begin());
        loader_.unloadLibrary(file);
    }
}

std::string PluginHost::defaultFolder() {
    Dl_info info{};
    if (::dladdr(reinterpret_cast<const void*>(&PluginHost::defaultFolder), &info) == 0) return {};
    std::error_code failed;
    const auto library = std::filesystem::canonical(info.dli_fname, failed);
    if (failed) return {};
    return (library.parent_path() / "oxcache" / "plugins").string();
}

std::string PluginHost::available(const std::string& kind) const {
    const std::string prefix = "oxcache-" + kind + "-";
    std::string names;
    for (const std::string& folder : folders_) {
        std::error_code failed;
        for (const auto& entry : std::filesystem::directory_iterator(folder, failed)) {
            const std::string file = entry.path().filename().string();
            if (!file.starts_with(prefix) || !file.ends_with(".so")) continue;
            if (!names.empty()) names += ", ";
            names += file.substr(prefix.size(), file.size() - prefix.size() - 3);
        }
    }
    return names.empty() ? "none" : names;
}

Result<const Offer*> PluginHost::load(const std::string& kind, const std::string& name) {
    std::string searched;
    for (const std::string& folder : folders_) {
        const std::string file = (std::filesystem::path(folder) / fileName(kind, name)).string();
        std::error_code failed;
        if (std::filesystem::exists(file, failed)) {
            Result<const Offer*> offer = loadFile(file);
            if (offer && (*offer)->info.kind != kind)
                return unusable(file, "it is a plugin of kind '" + (*offer)->info.kind + "'");
            return offer;
        }
        if (!searched.empty()) searched += ", ";
        searched += folder;
    }
    return Error{ErrorCode::Unavailable,
                 "plugin '" + name + "' is not there: no " + fileName(kind, name) + " in " +
                     (searched.empty() ? "any folder" : searched) +
                     "; install it, correct the name (plugins of this kind there: " +
                     available(kind) + ") or set oxcache.plugins.path"};
}

// RTLD_NOW binds every function: what ClassLoader's lazy binding would leave to kill the process
// at the first call is found here.
Result<void> PluginHost::check(const std::string& file) const {
    ::dlerror();
    const Library library(file);
    if (library.handle == nullptr) {
        const char* why = ::dlerror();
        return unusable(
            file, "it cannot be loaded: " + std::string(why != nullptr ? why : "unknown reason") +
                      "; rebuild it against this version of Oxcache");
    }
    const auto* abi =
        static_cast<const spi::PluginAbi*>(::dlsym(library.handle, "oxcache_plugin_abi"));
    if (abi == nullptr)
        return unusable(file,
                        "it lacks the record oxcache_plugin_abi; a plugin has one "
                        "OXCACHE_PLUGIN(Class) in one of its sources");
    if (std::memcmp(abi->magic, spi::kPluginMagic, sizeof spi::kPluginMagic) != 0)
        return unusable(file, "its record oxcache_plugin_abi is not of an Oxcache plugin");
    if (abi->spiMajor != OXCACHE_SPI_MAJOR || abi->spiMinor > OXCACHE_SPI_MINOR)
        return unusable(file, "it was built for version " + std::to_string(abi->spiMajor) + "." +
                                  std::to_string(abi->spiMinor) +
                                  " of the plugin interface, this process has " +
                                  std::to_string(OXCACHE_SPI_MAJOR) + "." +
                                  std::to_string(OXCACHE_SPI_MINOR) +
                                  "; rebuild it against this version of Oxcache");
    if (::dlsym(library.handle, "pocoBuildManifest") == nullptr)
        return unusable(file, "it has no manifest; write OXCACHE_PLUGIN(Class) in one source");
    return {};
}

Result<std::unique_ptr<PluginHost::Loaded>> PluginHost::open(const std::string& file) {
    auto loaded = std::make_unique<Loaded>();
    try {
        loader_.loadLibrary(file);
        const auto* manifest = loader_.findManifest(file);
        if (manifest == nullptr || manifest->size() != 1)
            return unusable(file, "it must export exactly one plugin class");
        loaded->plugin.reset(manifest->begin()->create());
        loaded->offer.file = file;
        loaded->offer.info = loaded->plugin->info();
        Collector collector(loaded->offer);
        loaded->plugin->registerExtensions(collector);
    } catch (const Poco::Exception& error) {
        return unusable(file, error.displayText());
    } catch (const std::exception& error) {
        return unusable(file, error.what());
    } catch (...) {
        return unusable(file, "it threw something that is no exception");
    }
    return loaded;
}

Result<const Offer*> PluginHost::loadFile(const std::string& file) {
    const auto found = loaded_.find(file);
    if (found != loaded_.end()) return static_cast<const Offer*>(&found->second->offer);
    const Result<void> checked = check(file);
    if (!checked) return checked.error();
    Result<std::unique_ptr<Loaded>> loaded = open(file);
    if (!loaded) {
        if (loader_.isLibraryLoaded(file)) loader_.unloadLibrary(file);
        return loaded.error();
    }
    return static_cast<const Offer*>(
        &loaded_.emplace(file, std::move(*loaded)).first->second->offer);
}

}  // namespace oxcache::host
