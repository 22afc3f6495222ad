#include "oxcache/spi/Plugin.h"

#include "ConstantStore.h"

namespace {

namespace spi = oxcache::spi;

using StoreResult = oxcache::Result<std::unique_ptr<spi::FallbackStore>>;

// One table: the loader validates by it, and the README shows it.
std::vector<spi::OptionSpec> optionTable() {
    return {
        {.name = "prefix", .help = "What the keys begin with; other keys are not answered."},
        {.name = "values.*", .help = "The value of the key that is prefix and this name."},
    };
}

// An exception must not leave a plugin.
StoreResult makeStore(const spi::ExtensionContext& context) {
    try {
        if (context.options.names("values").empty())
            return oxcache::Error{oxcache::ErrorCode::Unavailable,
                                  "values: there is none; set values.NAME"};
        return std::unique_ptr<spi::FallbackStore>(std::make_unique<ConstantStore>(context));
    } catch (const std::exception& e) {
        return oxcache::Error{oxcache::ErrorCode::Unavailable, e.what()};
    }
}

}  // namespace

class TemplatePlugin final : public spi::Plugin {
public:
    spi::PluginInfo info() const override { return {"template", PLUGIN_VERSION, "fallback"}; }

    void registerExtensions(spi::ExtensionRegistry& registry) override {
        registry.options(optionTable());
        registry.fallbackStore(makeStore);
    }
};

OXCACHE_PLUGIN(TemplatePlugin)
