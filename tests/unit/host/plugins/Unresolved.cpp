#include "PlainPlugin.h"

/// Nobody defines it.
int oxcacheFunctionThatIsNowhere();

class UnresolvedPlugin final : public PlainPlugin {
public:
    oxcache::spi::PluginInfo info() const override {
        return {std::to_string(oxcacheFunctionThatIsNowhere()), "1.0", "l2"};
    }
};

OXCACHE_PLUGIN(UnresolvedPlugin)
