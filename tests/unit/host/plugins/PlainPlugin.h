#pragma once

#include "oxcache/spi/Plugin.h"

/// A plugin that offers nothing.
class PlainPlugin : public oxcache::spi::Plugin {
public:
    oxcache::spi::PluginInfo info() const override { return {"plain", "1.0", "l2"}; }
    void registerExtensions(oxcache::spi::ExtensionRegistry& /*registry*/) override {}
};
