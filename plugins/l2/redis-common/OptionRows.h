#pragma once

#include <string>
#include <vector>

#include "AddressMap.h"
#include "ConnectionString.h"
#include "oxcache/spi/OptionSpec.h"

namespace oxcache::redis {

/// A row of an option table.
spi::OptionSpec row(std::string name, spi::OptionType type, std::string defaultValue,
                    std::string help);
spi::OptionSpec within(spi::OptionSpec spec, std::int64_t least, std::int64_t most);
spi::OptionSpec secret(spi::OptionSpec spec);

/// InvalidKey.
Error wrongOption(const std::string& what);

// How rows that several plugins have are read. Errors: InvalidKey, which names the row.

/// `connection_string`, of one of these schemes; nothing in it where it is not set.
Result<ConnectionString> uriOf(const spi::OptionValues& options,
                               const std::vector<std::string>& schemes);
/// A list of `host:port`; what has no port has this one.
Result<std::vector<Endpoint>> endpointsOf(const spi::OptionValues& options, const std::string& name,
                                          std::uint16_t port);
/// Rows of an AddressMap; an empty one where it is not set.
Result<AddressMap> addressesOf(const spi::OptionValues& options, const std::string& name);

}  // namespace oxcache::redis
