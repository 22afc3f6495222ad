#pragma once

#include <string>

#include "config/Layer.h"
#include "config/Problems.h"
#include "oxcache/base/Export.h"
#include "oxcache/base/Result.h"

namespace oxcache::config {

/// Reads a configuration file (.properties, .json or .xml, told apart by the name) through Poco's
/// reader into `layer`, whose kind is set. False when the file cannot be used; why is a problem.
OXCACHE_INTERNAL bool readConfigurationFile(const std::string& path, Layer& layer,
                                            Problems& problems);

/// A regular file's content. The error is the reason alone.
OXCACHE_INTERNAL Result<std::string> readFile(const std::string& path, std::size_t most);

/// The absolute folder in which a file lies.
OXCACHE_INTERNAL std::string folderOf(const std::string& path);
/// The folder the process is in.
OXCACHE_INTERNAL std::string currentFolder();

}  // namespace oxcache::config
