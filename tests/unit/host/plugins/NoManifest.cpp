#include "PlainPlugin.h"

extern "C" __attribute__((visibility("default"))) const oxcache::spi::PluginAbi oxcache_plugin_abi;
const oxcache::spi::PluginAbi oxcache_plugin_abi = {
    {'O', 'X', 'P', 'L', 'U', 'G', 'I', 'N'}, OXCACHE_SPI_MAJOR, OXCACHE_SPI_MINOR, "test"};
