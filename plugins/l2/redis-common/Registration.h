#pragma once

#include <vector>

#include "oxcache/spi/Plugin.h"

namespace oxcache::redis {

/// Registers a plugin's options, store and bus. What making one of them throws is an error of that
/// call: nothing leaves a plugin.
void registerStoreAndBus(spi::ExtensionRegistry& registry, std::vector<spi::OptionSpec> table,
                         spi::RemoteStoreFactory store, spi::InvalidationBusFactory bus);

}  // namespace oxcache::redis
