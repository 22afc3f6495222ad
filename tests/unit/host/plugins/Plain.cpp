#include "PlainPlugin.h"

OXCACHE_PLUGIN(PlainPlugin)
