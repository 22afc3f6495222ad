#include <array>

#include "oxcache/base/Options.h"

namespace oxcache {
namespace {

template <class Enum, std::size_t N>
std::string_view nameOf(Enum value, const std::array<std::string_view, N>& names) noexcept {
    const auto index = static_cast<std::size_t>(value);
    return index < N ? names[index] : std::string_view("?");
}

}  // namespace

std::string_view toString(ErrorCode code) noexcept {
    static constexpr std::array<std::string_view, 10> kNames{
        "None",        "InvalidKey", "ValueTooLarge", "TypeMismatch", "Undecodable",
        "Unavailable", "Timeout",    "Overloaded",    "LoaderFailed", "Closed"};
    return nameOf(code, kNames);
}

std::string_view toString(Outcome outcome) noexcept {
    static constexpr std::array<std::string_view, 5> kNames{"hit", "stale", "miss", "unavailable",
                                                            "error"};
    return nameOf(outcome, kNames);
}

std::string_view toString(Level level) noexcept {
    static constexpr std::array<std::string_view, 5> kNames{"none", "l1", "l2", "fallback",
                                                            "loader"};
    return nameOf(level, kNames);
}

std::string_view toString(WriteStatus status) noexcept {
    static constexpr std::array<std::string_view, 5> kNames{"stored", "buffered", "journaled",
                                                            "local-only", "rejected"};
    return nameOf(status, kNames);
}

}  // namespace oxcache
