#include "oxcache/spi/Plugin.h"

#include "Store.h"

#ifndef OXCACHE_VERSION
#define OXCACHE_VERSION "unknown"
#endif

namespace oxcache::sqlite {
namespace {

using spi::OptionType;

std::vector<spi::OptionSpec> optionTable() {
    return {
        {.name = "path",
         .type = OptionType::Path,
         .required = true,
         .help = "The database's file. It is opened for reading only and must exist."},
        {.name = "sessions",
         .type = OptionType::Integer,
         .defaultValue = "8",
         .least = 1,
         .most = 256,
         .help = "Connections to the file, so statements at one time; more wait."},
        {.name = "routes.*.match",
         .type = OptionType::Text,
         .required = true,
         .help = "The keys that the route answers, with a name for each part that varies."},
        {.name = "routes.*.query",
         .type = OptionType::Text,
         .required = true,
         .help = "One SELECT, with each placeholder of match as a parameter :name."},
        {.name = "routes.*.bind.*",
         .type = OptionType::Choice,
         .defaultValue = "auto",
         .choices = {"auto", "integer", "text"},
         .help = "How that placeholder's value is bound; auto: what looks like an integer is one."},
    };
}

}  // namespace

/// Registers the fallback `sqlite`.
class SqlitePlugin final : public spi::Plugin {
public:
    spi::PluginInfo info() const override { return {"sqlite", OXCACHE_VERSION, "fallback"}; }

    void registerExtensions(spi::ExtensionRegistry& registry) override {
        registry.options(optionTable());
        registry.fallbackStore([](const spi::ExtensionContext& context) -> Opened {
            try {
                return Store::open(context);
            } catch (const std::exception& e) {
                return Error{ErrorCode::Unavailable, e.what()};
            }
        });
    }

private:
    using Opened = Result<std::unique_ptr<spi::FallbackStore>>;
};

}  // namespace oxcache::sqlite

OXCACHE_PLUGIN(oxcache::sqlite::SqlitePlugin)
