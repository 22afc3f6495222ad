#include "PlainPlugin.h"

int oxcacheDependency();

class DependentPlugin final : public PlainPlugin {
public:
    oxcache::spi::PluginInfo info() const override {
        return {std::to_string(oxcacheDependency()), "1.0", "l2"};
    }
};

OXCACHE_PLUGIN(DependentPlugin)
