#pragma once

/// All of Oxcache's public face.
#include "oxcache/Cache.h"
#include "oxcache/CacheManager.h"
#include "oxcache/CacheSubsystem.h"
#include "oxcache/Cached.h"
#include "oxcache/Codec.h"
#include "oxcache/Loader.h"
#include "oxcache/Shared.h"
#include "oxcache/base/Clock.h"
#include "oxcache/base/Exceptions.h"
#include "oxcache/base/Options.h"
#include "oxcache/observability/Statistics.h"
