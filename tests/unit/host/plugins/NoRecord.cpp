#include "PlainPlugin.h"

POCO_BEGIN_MANIFEST(oxcache::spi::Plugin)
POCO_EXPORT_CLASS(PlainPlugin)
POCO_END_MANIFEST
