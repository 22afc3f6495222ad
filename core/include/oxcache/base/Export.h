#pragma once

/// Visibility of symbols. The library is built with hidden visibility; what users and plugins may
/// name is OXCACHE_API, what only our own tests name is OXCACHE_INTERNAL (exported in build trees
/// with tests, hidden in packages).
#define OXCACHE_API __attribute__((visibility("default")))
#if defined(OXCACHE_EXPORT_INTERNALS)
#define OXCACHE_INTERNAL __attribute__((visibility("default")))
#else
#define OXCACHE_INTERNAL
#endif
