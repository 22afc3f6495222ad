#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "oxcache/base/Clock.h"
#include "oxcache/base/Export.h"
#include "oxcache/base/Result.h"
#include "oxcache/spi/OptionSpec.h"

/// How text becomes values. An error's message is `what; what to do`, to be put behind the quoted
/// value; its code says nothing more. All functions are thread-safe.
namespace oxcache::config {

OXCACHE_INTERNAL Result<std::int64_t> parseInteger(std::string_view text);
/// Finite numbers only.
OXCACHE_INTERNAL Result<double> parseReal(std::string_view text);
/// true, yes, on, 1 and false, no, off, 0 in any letter case.
OXCACHE_INTERNAL Result<bool> parseBoolean(std::string_view text);
/// `250ms`, `1.5s`, `5m`, `1h`, `2d`; a bare number is seconds. At most 36500 days either way.
OXCACHE_INTERNAL Result<Duration> parseDuration(std::string_view text);
/// `10KB`, `64MiB`, `1.5GiB`, letter case ignored; a bare number is bytes.
OXCACHE_INTERNAL Result<std::int64_t> parseSize(std::string_view text);
/// Comma-separated, spaces around elements dropped; no element may be empty.
OXCACHE_INTERNAL Result<spi::OptionValues::List> parseList(std::string_view text);

/// The value of an option, range and choices checked. Path stays as written.
OXCACHE_INTERNAL Result<spi::OptionValues::Value> parseValue(const spi::OptionSpec& spec,
                                                             std::string_view text);

OXCACHE_INTERNAL std::string_view trimmed(std::string_view text);
/// In single quotes, control characters as `\xNN`, long text cut.
OXCACHE_INTERNAL std::string inQuotes(std::string_view text);

}  // namespace oxcache::config
