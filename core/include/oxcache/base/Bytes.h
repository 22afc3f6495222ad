#pragma once

#include <string>
#include <string_view>

namespace oxcache {

/// A run of bytes that somebody owns; any content, no terminator implied.
using Bytes = std::string;
/// A run of bytes that somebody else owns.
using BytesView = std::string_view;
/// A key's bytes, not owned. Any bytes are allowed; length limits are a service's configuration.
using Key = std::string_view;

}  // namespace oxcache
