#pragma once

#include <set>
#include <string>
#include <vector>

#include <Poco/Util/AbstractConfiguration.h>

#include "config/Layer.h"
#include "config/Problems.h"
#include "oxcache/base/Export.h"

/// The layers that are no files.
namespace oxcache::config {

/// The environment variables of this process.
OXCACHE_INTERNAL Variables processVariables();

/// `OXCACHE__A__B` as `oxcache.a.b`, whatever the letter case; where `known` has that key in
/// another case, as the known one. In a run of underscores the last two separate.
OXCACHE_INTERNAL Layer variableLayer(const Variables& variables, const std::set<std::string>& known,
                                     Problems& problems);

/// `KEY=VALUE` each.
OXCACHE_INTERNAL Layer commandLineLayer(const std::vector<std::string>& settings,
                                        Problems& problems);

/// The keys under `oxcache.` of an application's configuration, raw.
OXCACHE_INTERNAL Layer applicationLayer(const Poco::Util::AbstractConfiguration& application,
                                        Problems& problems);

}  // namespace oxcache::config
