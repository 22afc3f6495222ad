#include <cstdlib>
#include <stdexcept>
#include <string>

#include <Poco/Exception.h>

#include "PlainPlugin.h"

namespace {

/// Throws where and what OXCACHE_TEST_THROW says, as `place:what`.
void maybeThrow(const std::string& place) {
    const char* wanted = std::getenv("OXCACHE_TEST_THROW");
    if (wanted == nullptr) return;
    if (wanted == place + ":poco") throw Poco::IOException("the disk of Poco");
    if (wanted == place + ":std") throw std::runtime_error("the standard trouble");
    if (wanted == place + ":int") throw 42;
}

}  // namespace

class ThrowingPlugin final : public PlainPlugin {
public:
    ThrowingPlugin() { maybeThrow("constructor"); }
    oxcache::spi::PluginInfo info() const override {
        maybeThrow("info");
        return PlainPlugin::info();
    }
    void registerExtensions(oxcache::spi::ExtensionRegistry& /*registry*/) override {
        maybeThrow("register");
    }
};

OXCACHE_PLUGIN(ThrowingPlugin)
