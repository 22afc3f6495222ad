#include "Numbers.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace oxcache::demo {
namespace {

// printf rounds; the callers' formats have no locale-dependent grouping, and programs start in the
// C locale.
std::string fixed(double number, int decimals) {
    std::array<char, 64> text{};
    const int size = std::snprintf(text.data(), text.size(), "%.*f", decimals, number);
    return {text.data(), static_cast<std::size_t>(size)};
}

}  // namespace

std::string grouped(std::uint64_t number) {
    std::string text = std::to_string(number);
    for (std::size_t at = text.size(); at > 3;) {
        at -= 3;
        text.insert(at, ",");
    }
    return text;
}

std::string percent(std::uint64_t part, std::uint64_t whole) {
    if (whole == 0) return "0.0 %";
    const double share = 100.0 * static_cast<double>(part) / static_cast<double>(whole);
    return fixed(part < whole ? std::min(share, 99.9) : share, 1) + " %";
}

std::string duration(double nanoseconds) {
    static constexpr std::array<const char*, 4> kUnits{" ns", " µs", " ms", " s"};
    std::size_t unit = 0;
    double value = nanoseconds;
    // 999.5 would be printed as 1000 of the smaller unit.
    for (; value >= 999.5 && unit + 1 < kUnits.size(); ++unit) value /= 1000;
    const int decimals = unit == 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
    return fixed(value, decimals) + kUnits[unit];
}

}  // namespace oxcache::demo
