#include "config/Values.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include <Poco/Ascii.h>
#include <Poco/NumberFormatter.h>
#include <Poco/String.h>

namespace oxcache::config {
namespace {

using spi::OptionSpec;
using spi::OptionType;
using Value = spi::OptionValues::Value;

struct Unit {
    std::string_view name;
    std::int64_t scale;
};

constexpr std::array<Unit, 6> kDurationUnits{
    {{"", 1000}, {"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};
constexpr std::array<Unit, 10> kSizeUnits{{{"", 1},
                                           {"b", 1},
                                           {"kb", 1000},
                                           {"mb", 1'000'000},
                                           {"gb", 1'000'000'000},
                                           {"tb", 1'000'000'000'000},
                                           {"kib", 1LL << 10},
                                           {"mib", 1LL << 20},
                                           {"gib", 1LL << 30},
                                           {"tib", 1LL << 40}}};
// What the steady clock counts, nanoseconds in 64 bits, ends after 292 years.
constexpr std::int64_t kMostDuration = 36'500LL * 86'400'000;

constexpr std::string_view kDurationHint =
    "write a number with ms, s, m, h or d, such as 250ms or 5m (a bare number is seconds)";
constexpr std::string_view kSizeHint =
    "write a number with B, KB, MB, GB, TB, KiB, MiB, GiB or TiB, such as 64MiB (a bare number is "
    "bytes)";

Error wrong(std::string message) { return Error{ErrorCode::Undecodable, std::move(message)}; }

Error notA(std::string_view what, std::string_view hint) {
    return wrong("is not a " + std::string(what) + "; " + std::string(hint));
}

bool isDigit(char c) { return c >= '0' && c <= '9'; }

std::string_view takeDigits(std::string_view& text) {
    const auto end = std::find_if_not(text.begin(), text.end(), isDigit);
    const auto count = static_cast<std::size_t>(end - text.begin());
    const std::string_view digits = text.substr(0, count);
    text.remove_prefix(count);
    return digits;
}

/// A decimal number with a unit, in the smallest unit; exact. Up to six digits count behind the
/// point.
template <std::size_t N>
Result<std::int64_t> parseQuantity(std::string_view text, const std::array<Unit, N>& units,
                                   std::string_view what, std::string_view hint) {
    std::string_view rest = trimmed(text);
    const bool negative = rest.starts_with('-');
    if (negative || rest.starts_with('+')) rest.remove_prefix(1);
    const std::string_view whole = takeDigits(rest);
    std::string_view fraction;
    if (rest.starts_with('.')) {
        rest.remove_prefix(1);
        fraction = takeDigits(rest);
        if (fraction.empty()) return notA(what, hint);
    }
    if (whole.empty()) return notA(what, hint);
    const std::string unitName = Poco::toLower(std::string(trimmed(rest)));
    const auto unit = std::find_if(units.begin(), units.end(),
                                   [&](const Unit& known) { return known.name == unitName; });
    if (unit == units.end()) return notA(what, hint);

    std::int64_t value = 0;
    const auto parsed = std::from_chars(whole.data(), whole.data() + whole.size(), value);
    if (parsed.ec != std::errc() || __builtin_mul_overflow(value, unit->scale, &value))
        return wrong("is too large; " + std::string(hint));
    while (fraction.ends_with('0')) fraction.remove_suffix(1);
    if (fraction.size() > 6) return wrong("is too fine; use at most 6 digits behind the point");
    std::int64_t part = unit->scale;
    std::int64_t digits = 0;
    std::int64_t power = 1;
    for (const char digit : fraction) {
        digits = digits * 10 + (digit - '0');
        power *= 10;
    }
    part *= digits;
    if (part % power != 0)
        return wrong("is too fine; use a whole number of " +
                     std::string(what == "size" ? "bytes" : "milliseconds"));
    if (__builtin_add_overflow(value, part / power, &value))
        return wrong("is too large; " + std::string(hint));
    return negative ? -value : value;
}

/// A value as it could be written, in the largest unit that fits.
template <std::size_t N>
std::string spelled(std::int64_t value, const std::array<Unit, N>& units, std::string_view base) {
    std::int64_t scale = 0;
    std::string_view name = base;
    for (const Unit& unit : units) {
        if (unit.name.empty() || unit.scale <= scale || value % unit.scale != 0 || value == 0)
            continue;
        scale = unit.scale;
        name = unit.name;
    }
    return std::to_string(scale == 0 ? value : value / scale) + std::string(name);
}

std::string spelledLimit(const OptionSpec& spec, std::int64_t limit) {
    if (spec.type == OptionType::Duration) return spelled(limit, kDurationUnits, "ms");
    if (spec.type != OptionType::Size) return std::to_string(limit);
    constexpr std::array<Unit, 4> kBinary{
        {{"KiB", 1LL << 10}, {"MiB", 1LL << 20}, {"GiB", 1LL << 30}, {"TiB", 1LL << 40}}};
    return spelled(limit, kBinary, "");
}

template <class Number>
std::optional<Error> outOfRange(const OptionSpec& spec, Number value) {
    std::optional<std::int64_t> least = spec.least;
    if (!least && (spec.type == OptionType::Duration || spec.type == OptionType::Size)) least = 0;
    const bool low = least && value < static_cast<Number>(*least);
    const bool high = spec.most && value > static_cast<Number>(*spec.most);
    if (!low && !high) return std::nullopt;
    const std::string from = least ? spelledLimit(spec, *least) : "";
    const std::string to = spec.most ? spelledLimit(spec, *spec.most) : "";
    std::string range = "from " + from + " to " + to;
    if (!spec.most) range = "of at least " + from;
    if (!least) range = "of at most " + to;
    return wrong("is out of range; write a value " + range);
}

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (i > 0) text += i + 1 == words.size() ? " or " : ", ";
        text += words[i];
    }
    return text;
}

std::optional<Error> notAChoice(const OptionSpec& spec, const std::string& text) {
    if (spec.choices.empty() ||
        std::find(spec.choices.begin(), spec.choices.end(), text) != spec.choices.end())
        return std::nullopt;
    return wrong("is not one of the choices; write " + joined(spec.choices));
}

template <class T>
Result<Value> checked(const OptionSpec& spec, Result<T> parsed) {
    if (!parsed) return std::move(parsed).error();
    if (auto error = outOfRange(spec, *parsed)) return std::move(*error);
    return Value(*parsed);
}

Result<Value> parseChosen(const OptionSpec& spec, std::string_view text) {
    std::string word(trimmed(text));
    if (auto error = notAChoice(spec, word)) return std::move(*error);
    return Value(std::move(word));
}

Result<Value> parseElements(const OptionSpec& spec, std::string_view text) {
    auto list = parseList(text);
    if (!list) return std::move(list).error();
    for (const std::string& element : *list)
        if (auto error = notAChoice(spec, element))
            return wrong("has " + inQuotes(element) + ", which " + error->message);
    return Value(std::move(list).value());
}

Result<Value> parseChecked(const OptionSpec& spec, Result<Duration> parsed) {
    if (!parsed) return std::move(parsed).error();
    if (auto error = outOfRange(spec, parsed->count())) return std::move(*error);
    return Value(*parsed);
}

}  // namespace

std::string_view trimmed(std::string_view text) {
    const auto isSpace = [](char c) { return Poco::Ascii::isSpace(static_cast<unsigned char>(c)); };
    while (!text.empty() && isSpace(text.front())) text.remove_prefix(1);
    while (!text.empty() && isSpace(text.back())) text.remove_suffix(1);
    return text;
}

std::string inQuotes(std::string_view text) {
    constexpr std::size_t kShown = 60;
    std::string result = "'";
    for (const char c : text.substr(0, kShown)) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && byte != 0x7f)
            result += c;
        else
            result += "\\x" + Poco::NumberFormatter::formatHex(static_cast<unsigned>(byte), 2);
    }
    return result + (text.size() > kShown ? "…'" : "'");
}

Result<std::int64_t> parseInteger(std::string_view text) {
    std::string_view digits = trimmed(text);
    if (digits.starts_with('+') && digits.size() > 1 && isDigit(digits[1])) digits.remove_prefix(1);
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error == std::errc::result_out_of_range)
        return wrong("is too large; write a whole number of at most 18 digits");
    if (error != std::errc() || end != digits.data() + digits.size())
        return notA("whole number", "write digits only, such as 100");
    return value;
}

Result<double> parseReal(std::string_view text) {
    const std::string_view digits = trimmed(text);
    double value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error == std::errc::result_out_of_range)
        return wrong("is too large or too small; write a number such as 0.5");
    if (error != std::errc() || end != digits.data() + digits.size() || !std::isfinite(value))
        return notA("number", "write one such as 0.5");
    return value;
}

Result<bool> parseBoolean(std::string_view text) {
    const std::string word = Poco::toLower(std::string(trimmed(text)));
    for (const char* yes : {"true", "yes", "on", "1"})
        if (word == yes) return true;
    for (const char* no : {"false", "no", "off", "0"})
        if (word == no) return false;
    return wrong("is neither true nor false; write true or false");
}

Result<Duration> parseDuration(std::string_view text) {
    auto value = parseQuantity(text, kDurationUnits, "duration", kDurationHint);
    if (!value) return value.error();
    if (*value > kMostDuration || *value < -kMostDuration)
        return wrong("is too large; write at most 36500d");
    return Duration(*value);
}

Result<std::int64_t> parseSize(std::string_view text) {
    return parseQuantity(text, kSizeUnits, "size", kSizeHint);
}

Result<spi::OptionValues::List> parseList(std::string_view text) {
    spi::OptionValues::List list;
    std::string_view rest = trimmed(text);
    if (rest.empty()) return list;
    for (;;) {
        const std::size_t comma = rest.find(',');
        const std::string_view element = trimmed(rest.substr(0, comma));
        if (element.empty())
            return wrong("has an empty element; write elements with one comma between two");
        list.emplace_back(element);
        if (comma == std::string_view::npos) return list;
        rest.remove_prefix(comma + 1);
    }
}

Result<Value> parseValue(const OptionSpec& spec, std::string_view text) {
    switch (spec.type) {
        case OptionType::Text:
        case OptionType::Path:
            return Value(std::string(text));
        case OptionType::Integer:
            return checked(spec, parseInteger(text));
        case OptionType::Real:
            return checked(spec, parseReal(text));
        case OptionType::Boolean: {
            auto parsed = parseBoolean(text);
            if (!parsed) return std::move(parsed).error();
            return Value(*parsed);
        }
        case OptionType::Duration:
            return parseChecked(spec, parseDuration(text));
        case OptionType::Size:
            return checked(spec, parseSize(text));
        case OptionType::Choice:
            return parseChosen(spec, text);
        case OptionType::List:
            return parseElements(spec, text);
    }
    return wrong("has an unknown type; correct the option table");
}

}  // namespace oxcache::config
