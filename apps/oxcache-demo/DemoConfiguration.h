#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <Poco/AutoPtr.h>
#include <Poco/Util/AbstractConfiguration.h>

#include "DemoOptions.h"

namespace oxcache::demo {

/// The configuration that the demo runs on where --config names none: two levels, L2 embedded in
/// the state folder, the database behind them. `database` is the catalogue's, `keys` how many
/// there are.
Poco::AutoPtr<Poco::Util::AbstractConfiguration> defaultConfiguration(const DemoOptions& options,
                                                                      const std::string& database,
                                                                      std::size_t keys);

/// What --db, --match and --query set for a service, and after it every --set.
std::vector<std::string> settingsOf(const DemoOptions& options, const std::string& service);

/// The service to use where --service names none: `demo`, else the only one, of the services in
/// the file of --config. Throws UsageError when there are several; a file that cannot be read
/// gives `demo`, and is reported by who loads it.
std::string serviceOf(const DemoOptions& options);

}  // namespace oxcache::demo
