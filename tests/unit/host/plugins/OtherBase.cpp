#include "PlainPlugin.h"

/// Not the interface, though it looks like it: what ClassLoader hands out is of this base.
class OtherBase {
public:
    virtual ~OtherBase() = default;
    virtual int info() const { return 1; }
};
class OtherBasePlugin final : public OtherBase {};

extern "C" __attribute__((visibility("default"))) const oxcache::spi::PluginAbi oxcache_plugin_abi;
const oxcache::spi::PluginAbi oxcache_plugin_abi = {
    {'O', 'X', 'P', 'L', 'U', 'G', 'I', 'N'}, OXCACHE_SPI_MAJOR, OXCACHE_SPI_MINOR, "test"};
POCO_BEGIN_MANIFEST(OtherBase)
POCO_EXPORT_CLASS(OtherBasePlugin)
POCO_END_MANIFEST
