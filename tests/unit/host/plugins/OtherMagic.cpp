#include "PlainPlugin.h"

extern "C" __attribute__((visibility("default"))) const char oxcache_plugin_abi[64];
const char oxcache_plugin_abi[64] = "somebody else's record";
POCO_BEGIN_MANIFEST(oxcache::spi::Plugin)
POCO_EXPORT_CLASS(PlainPlugin)
POCO_END_MANIFEST
