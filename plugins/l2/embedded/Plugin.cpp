#include "oxcache/spi/Plugin.h"

#include "ChangeLogBus.h"
#include "EmbeddedStore.h"
#include "Settings.h"

namespace oxcache::embedded {
namespace {

Error cannotBuild(const char* what, const std::exception& problem) {
    return {ErrorCode::Unavailable,
            std::string("embedded: the ") + what + " cannot be built: " + problem.what()};
}

Result<std::unique_ptr<spi::RemoteStore>> makeStore(const spi::ExtensionContext& context) {
    try {
        const Settings settings = Settings::from(context.options);
        if (context.maxValueSize > settings.largestEnvelope())
            context.log(spi::LogLevel::Warning, "embedded store " + settings.path +
                                                    ": values above " +
                                                    std::to_string(settings.largestEnvelope()) +
                                                    " bytes (half of max_bytes, at most 512 MiB) "
                                                    "will not be stored; raise max_bytes");
        return std::unique_ptr<spi::RemoteStore>(
            std::make_unique<EmbeddedStore>(settings, context.clock, context.log));
    } catch (const std::exception& problem) {
        return cannotBuild("store", problem);
    }
}

Result<std::unique_ptr<spi::InvalidationBus>> makeBus(const spi::ExtensionContext& context) {
    try {
        return std::unique_ptr<spi::InvalidationBus>(std::make_unique<ChangeLogBus>(
            Settings::from(context.options), context.clock, context.log));
    } catch (const std::exception& problem) {
        return cannotBuild("bus", problem);
    }
}

}  // namespace

/// The plugin `l2/embedded`: a store and its bus.
class EmbeddedPlugin final : public spi::Plugin {
public:
    spi::PluginInfo info() const override { return {"embedded", "0.1.0", "l2"}; }

    void registerExtensions(spi::ExtensionRegistry& registry) override {
        registry.options(Settings::table());
        registry.remoteStore(makeStore);
        registry.invalidationBus(makeBus);
    }
};

}  // namespace oxcache::embedded

using EmbeddedPlugin = oxcache::embedded::EmbeddedPlugin;
OXCACHE_PLUGIN(EmbeddedPlugin)
