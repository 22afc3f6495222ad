#pragma once

#include <memory>

#include "oxcache/CacheManager.h"
#include "oxcache/base/Export.h"

namespace oxcache::runtime {

/// The process-wide manager: the one global of the library, because `cached()` and getClient() are
/// promised without an object. Thread-safe.
class OXCACHE_INTERNAL ProcessDefault {
public:
    /// Null where there is none.
    static std::shared_ptr<CacheManager> get();
    /// False where there is one already.
    static bool set(std::shared_ptr<CacheManager> manager);
    /// Takes it away; null where there was none, or another than `only`.
    static std::shared_ptr<CacheManager> take(const CacheManager* only = nullptr);
    /// Puts another in its place if it is `former`.
    static void replace(const CacheManager* former, std::shared_ptr<CacheManager> next);
};

}  // namespace oxcache::runtime
