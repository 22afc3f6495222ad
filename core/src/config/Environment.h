#pragma once

#include <string>

#include "config/Layer.h"
#include "config/Problems.h"
#include "oxcache/base/Export.h"

namespace oxcache::config {

/// An environment and who chose it.
struct EnvironmentChoice {
    std::string name = "development";
    /// Why this one (`--env`, `OXCACHE_ENV`, a file); empty when nobody chose.
    std::string chooser{};
};

/// Explicit, then OXCACHE_ENV, then the one recorded in `<stateDir>/environment`, then
/// `development`. A malformed name is a problem and counts as no choice. An empty stateDir has no
/// record.
OXCACHE_INTERNAL EnvironmentChoice chooseEnvironment(const std::string& explicitName,
                                                     const Variables& variables,
                                                     const std::string& stateDir,
                                                     Problems& problems);

/// Where the file of an environment lies: `environments/<name>.<extension of base>` beside the
/// base file.
OXCACHE_INTERNAL std::string environmentFile(const std::string& baseFile, const std::string& name);

/// Reads it into `layer`. A missing file is a problem only where the environment was chosen. False
/// when the file is there but cannot be used, or missing though chosen.
OXCACHE_INTERNAL bool readEnvironment(const std::string& baseFile, const EnvironmentChoice& choice,
                                      Layer& layer, Problems& problems);

}  // namespace oxcache::config
