#include <cstdlib>
#include <fstream>
#include <memory>

#include "oxcache/spi/Plugin.h"

using namespace oxcache;

namespace {

/// Tells the test, by a file, in which order things are made and go.
void tell(const char* event) {
    const char* file = std::getenv("OXCACHE_TEST_EVENTS");
    if (file != nullptr) std::ofstream(file, std::ios::app) << event << '\n';
}

/// Goes when the library is unloaded.
struct Marker {
    Marker() { tell("library loaded"); }
    ~Marker() { tell("library unloaded"); }
};
const Marker kMarker;

class GoodStore final : public spi::FallbackStore {
public:
    GoodStore() { tell("store made"); }
    ~GoodStore() override { tell("store destroyed"); }

    std::vector<Result<spi::FallbackReply>> load(std::span<const Key> keys,
                                                 Deadline /*deadline*/) override {
        std::vector<Result<spi::FallbackReply>> replies;
        for (const Key key : keys)
            replies.emplace_back(
                spi::FallbackReply{spi::FallbackOutcome::Found, Bytes(key), CodecId::Raw});
        return replies;
    }
    Result<void> ping(Deadline /*deadline*/) override { return {}; }
    std::uint64_t queries() const noexcept override { return 0; }
};

}  // namespace

class GoodPlugin final : public spi::Plugin {
public:
    GoodPlugin() { tell("plugin made"); }
    ~GoodPlugin() override { tell("plugin destroyed"); }

    spi::PluginInfo info() const override { return {"good", "1.2.3", "fallback"}; }
    void registerExtensions(spi::ExtensionRegistry& registry) override {
        spi::OptionSpec option;
        option.name = "path";
        option.type = spi::OptionType::Path;
        option.help = "where it is";
        registry.options({option});
        // A template of the standard library, instantiated with a type of this plugin: with unique
        // symbols it would keep the library loaded for ever.
        const auto witness = std::make_shared<GoodWitness>();
        registry.fallbackStore(
            [witness](const spi::ExtensionContext&) -> Result<std::unique_ptr<spi::FallbackStore>> {
                return std::unique_ptr<spi::FallbackStore>(std::make_unique<GoodStore>());
            });
    }

private:
    struct GoodWitness {
        ~GoodWitness() { tell("factory destroyed"); }
    };
};

OXCACHE_PLUGIN(GoodPlugin)
