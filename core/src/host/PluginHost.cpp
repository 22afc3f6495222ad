#include "host/PluginHost.h"

#include <cstring>
#include <filesystem>
#include <set>
#include <utility>

#include <dlfcn.h>

#include <Poco/Exception.h>

#include "host/PluginFile.h"

namespace oxcache::host {
namespace {

namespace fs = std::filesystem;

Error unusable(const std::string& file, const std::string& why) {
    return {ErrorCode::Unavailable, "plugin file " + file + ": " + why};
}

std::string spiVersion(std::uint32_t major, std::uint32_t minor) {
    return std::to_string(major) + "." + std::to_string(minor);
}

/// An absolute path: the dynamic loader would look for a bare name elsewhere.
std::string absolute(const std::string& path) {
    std::error_code failed;
    const fs::path result = fs::absolute(path, failed);
    return failed ? path : result.lexically_normal().string();
}

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
    void traits(spi::StoreTraits traits) override { offer_.traits = std::move(traits); }

private:
    Offer& offer_;
};

std::string fileName(const std::string& kind, const std::string& name) {
    return "oxcache-" + kind + "-" + name + ".so";
}

}  // namespace

/// A library opened with every function bound: what ClassLoader's lazy binding would leave to kill
/// the process at the first call is found here. Closed again with the object.
class PluginHost::Library {
public:
    explicit Library(const std::string& file)
        : handle_(::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL)) {}
    ~Library() {
        if (handle_ != nullptr) ::dlclose(handle_);
    }
    Library(const Library&) = delete;
    Library& operator=(const Library&) = delete;

    bool isOpen() const noexcept { return handle_ != nullptr; }
    const void* symbol(const char* name) const noexcept { return ::dlsym(handle_, name); }

private:
    void* handle_;
};

/// The plugin's object goes before what it registered is forgotten, and both before the library.
struct PluginHost::Loaded {
    Offer offer;
    std::unique_ptr<spi::Plugin> plugin;
};

PluginHost::PluginHost(const std::vector<std::string>& folders) {
    for (const std::string& folder : folders)
        if (!folder.empty()) folders_.push_back(absolute(folder));
}

PluginHost::~PluginHost() {
    while (!loaded_.empty()) {
        const std::string file = loaded_.begin()->first;
        loaded_.erase(loaded_.begin());
        loader_.unloadLibrary(file);
    }
}

std::string PluginHost::defaultFolder() {
    Dl_info info{};
    if (::dladdr(reinterpret_cast<const void*>(&fileName), &info) == 0) return {};
    std::error_code failed;
    const auto library = fs::canonical(info.dli_fname, failed);
    if (failed) return {};
    return (library.parent_path() / "oxcache" / "plugins").string();
}

std::string PluginHost::available(const std::string& kind) const {
    const std::string prefix = "oxcache-" + kind + "-";
    std::set<std::string> names;
    for (const std::string& folder : folders_) {
        std::error_code failed;
        for (fs::directory_iterator entry(folder, failed), end; !failed && entry != end;
             entry.increment(failed)) {
            const std::string file = entry->path().filename().string();
            if (file.starts_with(prefix) && file.ends_with(".so"))
                names.insert(file.substr(prefix.size(), file.size() - prefix.size() - 3));
        }
    }
    std::string text;
    for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
    return text.empty() ? "none" : text;
}

Result<const Offer*> PluginHost::load(const std::string& kind, const std::string& name) {
    std::string searched;
    for (const std::string& folder : folders_) {
        const std::string file = (fs::path(folder) / fileName(kind, name)).string();
        std::error_code failed;
        if (fs::exists(file, failed)) {
            Result<const Offer*> offer = loadFile(file);
            if (offer && (*offer)->info.kind != kind)
                return unusable(file, "it is a plugin of kind '" + (*offer)->info.kind +
                                          "'; name it where such a plugin is wanted, as " +
                                          fileName((*offer)->info.kind, name));
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

Result<void> PluginHost::check(const std::string& file, const Library& library) const {
    if (!library.isOpen()) {
        const char* why = ::dlerror();
        return unusable(file,
                        "it cannot be loaded: " +
                            std::string(why != nullptr ? why : "the loader does not say why") +
                            "; install what it needs, or rebuild it against this version of "
                            "Oxcache");
    }
    const auto* abi = static_cast<const spi::PluginAbi*>(library.symbol("oxcache_plugin_abi"));
    if (abi == nullptr)
        return unusable(file,
                        "it lacks the record oxcache_plugin_abi; a plugin has one "
                        "OXCACHE_PLUGIN(Class) in one of its sources");
    if (std::memcmp(abi->magic, spi::kPluginMagic, sizeof spi::kPluginMagic) != 0)
        return unusable(file,
                        "its record oxcache_plugin_abi is not of an Oxcache plugin; let "
                        "OXCACHE_PLUGIN(Class) write it");
    if (abi->spiMajor != OXCACHE_SPI_MAJOR || abi->spiMinor > OXCACHE_SPI_MINOR)
        return unusable(file, "it was built for version " +
                                  spiVersion(abi->spiMajor, abi->spiMinor) +
                                  " of the plugin interface, this process has " +
                                  spiVersion(OXCACHE_SPI_MAJOR, OXCACHE_SPI_MINOR) +
                                  "; rebuild it against this version of Oxcache");
    if (library.symbol("pocoBuildManifest") == nullptr)
        return unusable(file, "it has no manifest; write OXCACHE_PLUGIN(Class) in one source");
    return {};
}

Result<std::unique_ptr<PluginHost::Loaded>> PluginHost::open(const std::string& file) {
    constexpr const char* kAdvice = "; repair or replace the plugin";
    auto loaded = std::make_unique<Loaded>();
    try {
        loader_.loadLibrary(file);
        const auto* manifest = loader_.findManifest(file);
        if (manifest == nullptr || manifest->size() != 1)
            return unusable(file,
                            "its manifest must name exactly one class; write "
                            "OXCACHE_PLUGIN(Class) and no other manifest macro");
        loaded->plugin.reset(manifest->begin()->create());
        loaded->offer.file = file;
        loaded->offer.info = loaded->plugin->info();
        Collector collector(loaded->offer);
        loaded->plugin->registerExtensions(collector);
    } catch (const Poco::Exception& error) {
        return unusable(file, error.displayText() + kAdvice);
    } catch (const std::exception& error) {
        return unusable(file, error.what() + std::string(kAdvice));
    } catch (...) {
        return unusable(file, std::string("it threw something that is no exception") + kAdvice);
    }
    return loaded;
}

Result<const Offer*> PluginHost::loadFile(const std::string& path) {
    std::error_code failed;
    const std::string file = fs::canonical(path, failed).string();
    if (failed)
        return unusable(absolute(path), "it is not there (" + failed.message() +
                                            "); correct the path, or install the plugin");
    const auto found = loaded_.find(file);
    if (found != loaded_.end()) return static_cast<const Offer*>(&found->second->offer);
    const Result<void> whole = checkPluginFile(file);
    if (!whole) return unusable(file, whole.error().message);
    ::dlerror();
    // Kept open until ClassLoader has it too, so that what was checked is what is loaded.
    const Library library(file);
    const Result<void> checked = check(file, library);
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
