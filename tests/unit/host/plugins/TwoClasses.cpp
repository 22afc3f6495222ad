#include "PlainPlugin.h"

class OnePlugin final : public PlainPlugin {};
class OtherPlugin final : public PlainPlugin {};

extern "C" __attribute__((visibility("default"))) const oxcache::spi::PluginAbi oxcache_plugin_abi;
const oxcache::spi::PluginAbi oxcache_plugin_abi = {
    {'O', 'X', 'P', 'L', 'U', 'G', 'I', 'N'}, OXCACHE_SPI_MAJOR, OXCACHE_SPI_MINOR, "test"};
POCO_BEGIN_MANIFEST(oxcache::spi::Plugin)
POCO_EXPORT_CLASS(OnePlugin)
POCO_EXPORT_CLASS(OtherPlugin)
POCO_END_MANIFEST
