#pragma once

#include <string>

#include "oxcache/base/Export.h"
#include "oxcache/base/Result.h"

namespace oxcache::host {

/// Says why a file cannot be a shared library of this machine, as far as its headers tell: the
/// dynamic loader itself does not notice a file that is cut short, and the process then dies of a
/// bus error. Unavailable, with the reason and what to do; the file is not named. Thread-safe.
OXCACHE_INTERNAL Result<void> checkPluginFile(const std::string& file);

}  // namespace oxcache::host
