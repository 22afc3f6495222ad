#include <doctest/doctest.h>

#include <cstdint>
#include <limits>

#include "config/Values.h"

namespace oxcache::config {

using spi::OptionSpec;
using spi::OptionType;

namespace {

/// The number, or -1 with nothing else than an error.
std::int64_t ms(std::string_view text) {
    auto parsed = parseDuration(text);
    return parsed ? parsed->count() : -1;
}
std::int64_t bytes(std::string_view text) {
    auto parsed = parseSize(text);
    return parsed ? *parsed : -1;
}
/// What is said of a value; empty when it is right.
std::string complaint(const OptionSpec& spec, std::string_view text) {
    auto parsed = parseValue(spec, text);
    return parsed ? "" : parsed.error().message;
}

const std::string kDurationHint =
    "write a number with ms, s, m, h or d, such as 250ms or 5m (a bare number is seconds)";
const std::string kSizeHint =
    "write a number with B, KB, MB, GB, TB, KiB, MiB, GiB or TiB, such as 64MiB (a bare number is "
    "bytes)";

}  // namespace

TEST_CASE("DurationsTakeUnitsAndBareNumbersAreSeconds") {
    CHECK(ms("250ms") == 250);
    CHECK(ms("300") == 300'000);
    CHECK(ms("1.5s") == 1500);
    CHECK(ms("1.5") == 1500);
    CHECK(ms("5m") == 300'000);
    CHECK(ms(" 1 h ") == 3'600'000);
    CHECK(ms("2D") == 172'800'000);
    CHECK(ms("0") == 0);
    CHECK(ms("0.001") == 1);
    CHECK(ms("0.0010000000000") == 1);
    CHECK(ms("+1") == 1000);
    CHECK(parseDuration("-2s").value() == Duration(-2000));
    CHECK(ms("36500d") == 3'153'600'000'000);
}

TEST_CASE("WrongDurationsSayHowToWriteThem") {
    const OptionSpec spec{.name = "d", .type = OptionType::Duration};
    for (const char* text :
         {"", "s", "1w", "1m30s", "1.s", ".5", "-", "1,5s", "0x10", "1e3", "--1", "five", "1\n2"})
        CHECK_MESSAGE(complaint(spec, text) == "is not a duration; " + kDurationHint, text);
    CHECK(complaint(spec, "0.0001") == "is too fine; use a whole number of milliseconds");
    CHECK(complaint(spec, "0.5ms") == "is too fine; use a whole number of milliseconds");
    CHECK(complaint(spec, "0.0000001") == "is too fine; use at most 6 digits behind the point");
    CHECK(complaint(spec, "9223372036854775807") == "is too large; " + kDurationHint);
    CHECK(complaint(spec, "99999999999999999999") == "is too large; " + kDurationHint);
    CHECK(complaint(spec, "36500.000001d") != "");
    CHECK(complaint(spec, "36501d") == "is too large; write at most 36500d");
    CHECK(complaint(spec, "-36501d") == "is too large; write at most 36500d");
    CHECK(complaint(spec, "-1ms") == "is out of range; write a value of at least 0ms");
}

TEST_CASE("SizesTakeDecimalAndBinaryUnitsAndBareNumbersAreBytes") {
    CHECK(bytes("0") == 0);
    CHECK(bytes("10KB") == 10'000);
    CHECK(bytes("64MiB") == 67'108'864);
    CHECK(bytes("1GiB") == 1'073'741'824);
    CHECK(bytes("1.5gib") == 1'610'612'736);
    CHECK(bytes("2 tb") == 2'000'000'000'000);
    CHECK(bytes("7B") == 7);
    CHECK(bytes("9223372036854775807") == std::numeric_limits<std::int64_t>::max());
}

TEST_CASE("WrongSizesSayHowToWriteThem") {
    const OptionSpec spec{.name = "s", .type = OptionType::Size};
    for (const char* text : {"", "k", "10K", "1 0", "MiB", "10 Kilobytes"})
        CHECK_MESSAGE(complaint(spec, text) == "is not a size; " + kSizeHint, text);
    CHECK(complaint(spec, "9223372036854775808") == "is too large; " + kSizeHint);
    CHECK(complaint(spec, "8388608TiB") == "is too large; " + kSizeHint);
    CHECK(complaint(spec, "8388607.999999TiB") != "");
    CHECK(complaint(spec, "0.5") == "is too fine; use a whole number of bytes");
    CHECK(complaint(spec, "-1") == "is out of range; write a value of at least 0");
}

TEST_CASE("NumbersAreTakenWholeOrNotAtAll") {
    const OptionSpec integer{.name = "i", .type = OptionType::Integer};
    CHECK(parseInteger(" 42 ").value() == 42);
    CHECK(parseInteger("-42").value() == -42);
    CHECK(parseInteger("+42").value() == 42);
    for (const char* text : {"", "4 2", "4.0", "0x2a", "+", "-", "+-4", "4k"})
        CHECK_MESSAGE(
            complaint(integer, text) == "is not a whole number; write digits only, such as 100",
            text);
    CHECK(complaint(integer, "9223372036854775808") ==
          "is too large; write a whole number of at most 18 digits");
    const OptionSpec real{.name = "r", .type = OptionType::Real, .least = 0, .most = 1};
    CHECK(parseReal("0.5").value() == 0.5);
    CHECK(parseReal("1e-3").value() == 0.001);
    for (const char* text : {"", "inf", "nan", "0.5x", "0,5"})
        CHECK_MESSAGE(complaint(real, text) == "is not a number; write one such as 0.5", text);
    CHECK(complaint(real, "1e999") == "is too large or too small; write a number such as 0.5");
    CHECK(complaint(real, "1.01") == "is out of range; write a value from 0 to 1");
    CHECK(complaint(real, "1") == "");
}

TEST_CASE("BooleansAreWrittenInSeveralWays") {
    for (const char* text : {"true", "YES", " on ", "1"}) CHECK(parseBoolean(text).value());
    for (const char* text : {"false", "No", "off", "0"}) CHECK_FALSE(parseBoolean(text).value());
    const OptionSpec spec{.name = "b", .type = OptionType::Boolean};
    for (const char* text : {"", "2", "y", "tru"})
        CHECK_MESSAGE(complaint(spec, text) == "is neither true nor false; write true or false",
                      text);
}

TEST_CASE("ListsAreSeparatedByCommas") {
    using List = spi::OptionValues::List;
    CHECK(parseList("a, b c ,d").value() == List{"a", "b c", "d"});
    CHECK(parseList("").value().empty());
    const OptionSpec spec{.name = "l", .type = OptionType::List};
    for (const char* text : {"a,,b", "a,", ","})
        CHECK(complaint(spec, text) ==
              "has an empty element; write elements with one comma between two");
    const OptionSpec chosen{.name = "l", .type = OptionType::List, .choices = {"log", "file"}};
    CHECK(complaint(chosen, "log, file") == "");
    CHECK(complaint(chosen, "log, fiel") ==
          "has 'fiel', which is not one of the choices; write log or file");
}

TEST_CASE("ChoicesAreListedToWhoeverMissesThem") {
    const OptionSpec spec{
        .name = "c", .type = OptionType::Choice, .choices = {"l1", "l2", "two-level"}};
    CHECK(complaint(spec, "two-level") == "");
    CHECK(complaint(spec, "L1") == "is not one of the choices; write l1, l2 or two-level");
    CHECK(complaint(spec, "") == "is not one of the choices; write l1, l2 or two-level");
}

TEST_CASE("RangesAreInclusiveAndSpelledInUnits") {
    OptionSpec spec{.name = "n", .type = OptionType::Integer, .least = 1, .most = 65535};
    CHECK(complaint(spec, "1") == "");
    CHECK(complaint(spec, "65535") == "");
    CHECK(complaint(spec, "0") == "is out of range; write a value from 1 to 65535");
    spec.type = OptionType::Duration;
    spec.least = 100;
    spec.most = 300'000;
    CHECK(complaint(spec, "5m") == "");
    CHECK(complaint(spec, "99ms") == "is out of range; write a value from 100ms to 5m");
    spec.type = OptionType::Size;
    spec.least = 1 << 20;
    spec.most = std::nullopt;
    CHECK(complaint(spec, "1") == "is out of range; write a value of at least 1MiB");
    spec.least = std::nullopt;
    spec.most = 1000;
    CHECK(complaint(spec, "1KiB") == "is out of range; write a value from 0 to 1000");
    spec.type = OptionType::Integer;
    CHECK(complaint(spec, "1001") == "is out of range; write a value of at most 1000");
    spec = {.name = "d", .type = OptionType::Duration, .least = -1000};
    CHECK(complaint(spec, "-1") == "");
    CHECK(complaint(spec, "-2") == "is out of range; write a value of at least -1s");
}

TEST_CASE("QuotedTextIsPrintableAndShort") {
    CHECK(inQuotes("a\nb\x7f") == "'a\\x0Ab\\x7F'");
    CHECK(inQuotes(std::string(100, 'x')) == "'" + std::string(60, 'x') + "…'");
}

}  // namespace oxcache::config
