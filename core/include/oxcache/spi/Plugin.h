#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <Poco/ClassLibrary.h>

#include "oxcache/base/Clock.h"
#include "oxcache/spi/FallbackStore.h"
#include "oxcache/spi/InvalidationBus.h"
#include "oxcache/spi/OptionSpec.h"
#include "oxcache/spi/RemoteStore.h"

/// Versions of the interface between core and plugins. A plugin loads when its major equals the
/// core's and its minor is not above it.
#ifndef OXCACHE_SPI_MAJOR
#define OXCACHE_SPI_MAJOR 1
#endif
#ifndef OXCACHE_SPI_MINOR
#define OXCACHE_SPI_MINOR 0
#endif

namespace oxcache::spi {
inline namespace v1 {

/// Who a plugin is. `kind` is l2, fallback, sink, bus or compressor.
struct PluginInfo {
    std::string name;
    std::string version;
    std::string kind;
};

/// Severity of a plugin's message.
enum class LogLevel { Debug, Information, Warning, Error };

/// What a plugin may use to build an extension. References outlive what is built.
struct ExtensionContext {
    const OptionValues& options;
    Clock& clock;
    /// The service the extension is for, and its physical key prefix.
    std::string service;
    std::string keyPrefix;
    /// Names this service of this process in versions; below 2^53.
    std::uint64_t origin = 0;
    /// Largest envelope that will be put, in bytes.
    std::uint64_t maxValueSize = 0;
    /// Writes to the application's log. Thread-safe.
    std::function<void(LogLevel, const std::string&)> log;
    /// True where values lie in the store as other programs write them, without envelopes. A store
    /// then wraps what it reads, and keeps of what it is given the payload alone.
    bool raw = false;
    /// How others' writes are to be noticed: `auto` (the store's own bus), one of the plugin's
    /// StoreTraits::coherence, or `none`.
    std::string coherence = "auto";
    /// Keys outside the prefix whose changes the bus tells of as well.
    std::vector<std::string> markers{};
};

/// What a store plugin can beyond envelopes and a bus of its own choice.
struct StoreTraits {
    bool raw = false;
    std::vector<std::string> coherence{};
};

/// Builds extensions; Unavailable when a server cannot be reached is no reason to fail: build it,
/// and let its calls say so. An error means that the configuration cannot work.
using RemoteStoreFactory =
    std::function<Result<std::unique_ptr<RemoteStore>>(const ExtensionContext&)>;
using FallbackStoreFactory =
    std::function<Result<std::unique_ptr<FallbackStore>>(const ExtensionContext&)>;
using InvalidationBusFactory =
    std::function<Result<std::unique_ptr<InvalidationBus>>(const ExtensionContext&)>;

/// Takes what a plugin offers. One store plugin may also bring the bus that belongs to it.
class ExtensionRegistry {
public:
    virtual ~ExtensionRegistry() = default;

    /// The options of everything this plugin registers.
    virtual void options(std::vector<OptionSpec> table) = 0;
    virtual void remoteStore(RemoteStoreFactory factory) = 0;
    virtual void fallbackStore(FallbackStoreFactory factory) = 0;
    virtual void invalidationBus(InvalidationBusFactory factory) = 0;
    /// Only where there is something to tell.
    virtual void traits(StoreTraits traits) = 0;
};

/// The one class a plugin exports. Made once per process, on any thread.
class Plugin {
public:
    virtual ~Plugin() = default;

    virtual PluginInfo info() const = 0;
    virtual void registerExtensions(ExtensionRegistry& registry) = 0;
};

/// What is read from a plugin file before any of its code runs.
struct PluginAbi {
    char magic[8];
    std::uint32_t spiMajor;
    std::uint32_t spiMinor;
    const char* buildId;
};
inline constexpr char kPluginMagic[8] = {'O', 'X', 'P', 'L', 'U', 'G', 'I', 'N'};

}  // namespace v1
}  // namespace oxcache::spi

#ifndef OXCACHE_BUILD_ID
#define OXCACHE_BUILD_ID "unknown"
#endif

/// Once per plugin, at namespace scope: the manifest for Poco::ClassLoader and the version record.
#define OXCACHE_PLUGIN(Class)                                                                     \
    extern "C" __attribute__((visibility("default")))                                             \
    const oxcache::spi::PluginAbi oxcache_plugin_abi;                                             \
    const oxcache::spi::PluginAbi oxcache_plugin_abi = {{'O', 'X', 'P', 'L', 'U', 'G', 'I', 'N'}, \
                                                        OXCACHE_SPI_MAJOR,                        \
                                                        OXCACHE_SPI_MINOR,                        \
                                                        OXCACHE_BUILD_ID};                        \
    POCO_BEGIN_MANIFEST(oxcache::spi::Plugin)                                                     \
    POCO_EXPORT_CLASS(Class)                                                                      \
    POCO_END_MANIFEST
