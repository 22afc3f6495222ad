#pragma once

#include <cstdint>
#include <string>

/// Numbers as people read them, in the same form in every locale.
namespace oxcache::demo {

/// 1234567 as `1,234,567`.
std::string grouped(std::uint64_t number);
/// A share as `97.3 %`; `0.0 %` of nothing. Never rounded up to `100.0 %`.
std::string percent(std::uint64_t part, std::uint64_t whole);
/// Nanoseconds with three digits and the unit that suits: `412 ns`, `4.12 µs`, `41.2 ms`, `4.12 s`.
std::string duration(double nanoseconds);

}  // namespace oxcache::demo
