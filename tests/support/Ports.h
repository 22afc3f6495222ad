#pragma once

#include <cstdint>

namespace oxcache::testing {

/// A port of 127.0.0.1 on which nobody listens now, nor on the one `offset` above it. Both belong
/// to this process until it ends: no other caller is given them, in whatever process, so that a
/// server may end and start there again; nor, where the machine leaves enough, are they among those
/// that outgoing connections get. Thread-safe. Throws std::runtime_error where none is left.
std::uint16_t freePort(std::uint16_t offset = 0);

}  // namespace oxcache::testing
