#include "oxcache/base/KeyTemplate.h"

#include <doctest/doctest.h>

#include <map>

namespace oxcache {
namespace {

using Problem = KeyTemplate::Problem;
using Values = std::vector<Bytes>;

Bytes format(std::string_view text, const Values& values) {
    const std::vector<BytesView> views(values.begin(), values.end());
    return KeyTemplate(text).format(views);
}

std::optional<Values> match(std::string_view text, Key key) { return KeyTemplate(text).match(key); }

static_assert(KeyTemplate("user:{id}").valid());
static_assert(KeyTemplate("user:{id}").argument("id") == 0);
static_assert(KeyTemplate("user:{id}").argument("name") == KeyTemplate::kNone);
static_assert(KeyTemplate("user:{id}").argumentName(0) == "id");
static_assert(KeyTemplate("{a}:{b}:{a}").placeholders() == 3);
static_assert(KeyTemplate("{a}:{b}:{a}").arguments() == 2);
static_assert(KeyTemplate("user:{}").arguments() == 1);
static_assert(!KeyTemplate("user:{}").named());
static_assert(KeyTemplate("{1}:{0}").arguments() == 2);
static_assert(KeyTemplate("all_users").arguments() == 0);
static_assert(KeyTemplate("{{user:{id}}}:name").placeholders() == 1);
static_assert(KeyTemplate("").problem() == Problem::Empty);
static_assert(KeyTemplate("user:{id").problem() == Problem::Unclosed);
static_assert(KeyTemplate("user:{").problem() == Problem::Unclosed);
static_assert(KeyTemplate("user:{a{b}").problem() == Problem::Unclosed);
static_assert(KeyTemplate("user:id}").problem() == Problem::StrayBrace);
static_assert(KeyTemplate("user:{i d}").problem() == Problem::BadName);
static_assert(KeyTemplate("user:{1d}").problem() == Problem::BadName);
static_assert(KeyTemplate("user:{100}").problem() == Problem::BadName);
static_assert(KeyTemplate("{a}{b}").problem() == Problem::Adjacent);
static_assert(KeyTemplate("{a}%{b}").problem() == Problem::PercentAfterPlaceholder);
static_assert(KeyTemplate("100%{a}:%{b}%").valid());
static_assert(KeyTemplate("{}:{a}").problem() == Problem::MixedNames);
static_assert(KeyTemplate("{}:{0}").problem() == Problem::MixedNames);
static_assert(KeyTemplate("{0}:{2}").problem() == Problem::PositionNotUsed);
static_assert(KeyTemplate("{16}").problem() == Problem::TooMany);

TEST_CASE("ASinglePlaceholderTakesItsValueAsItIs") {
    CHECK(format("user:{id}", {"7"}) == "user:7");
    CHECK(format("user:{id}:x", {"a:%b"}) == "user:a:%b:x");
    CHECK(format("user:{}", {std::string("\0\xff", 2)}) == std::string("user:\0\xff", 7));
    CHECK(format("all_users", {}) == "all_users");
}

TEST_CASE("SeveralPlaceholdersEncodePercentAndTheFollowingLiteral") {
    CHECK(format("{a}:{b}", {"x:y", "z:%"}) == "x%3Ay:z:%25");
    CHECK(format("{a}->{b}.", {"x->y", "1.5"}) == "x%2D%3Ey->1%2E5.");
    CHECK(format("{a}:{b}:{a}", {"1:", "2"}) == "1%3A:2:1:");
    CHECK(format("{1}:{0}", {"first", "second"}) == "second:first");
}

TEST_CASE("DoubledBracesAreLiteral") {
    CHECK(format("{{user:{id}}}:name", {"7"}) == "{user:7}:name");
    CHECK(match("{{user:{id}}}:name", "{user:7}:name") == Values{"7"});
    CHECK(match("{{user:{id}}}:name", "{{user:7}}:name") == std::nullopt);
    CHECK(format("{a}}}{b}", {"x}y", "}"}) == "x%7Dy}}");
    CHECK(match("{a}}}{b}", "x%7Dy}}") == Values{"x}y", "}"});
}

TEST_CASE("APlaceholderTakesTheShortestTextAndTheLastTheRest") {
    CHECK(match("user:{id}", "user:7") == Values{"7"});
    CHECK(match("user:{id}", "user:7:8%3A") == Values{"7:8%3A"});
    CHECK(match("{a}:{b}", "x:y:z") == Values{"x", "y:z"});
    CHECK(match("{a}:{b}", "x%3ay:z%") == Values{"x:y", "z%"});
    CHECK(match("v:{a}::{b}", "v:x:y::z") == Values{"x:y", "z"});
    CHECK(match("user:{id}:name", "user:a:name:name") == Values{"a:name"});
    CHECK(match("{a}:{b}:{a}", "1:2:1") == Values{"1", "2"});
    CHECK(match("all_users", "all_users") == Values{});
}

TEST_CASE("AKeyThatDoesNotFitMatchesNothing") {
    CHECK(match("user:{id}", "user:") == std::nullopt);
    CHECK(match("user:{id}", "use") == std::nullopt);
    CHECK(match("user:{id}", "users:7") == std::nullopt);
    CHECK(match("user:{id}:name", "user:7:nam") == std::nullopt);
    CHECK(match("user:{id}:name", "user::name") == std::nullopt);
    CHECK(match("user:{id}:name", "user:name") == std::nullopt);
    CHECK(match("{a}:{b}", "x") == std::nullopt);
    CHECK(match("{a}:{b}", "x:") == std::nullopt);
    CHECK(match("{a}:{b}:{a}", "1:2:3") == std::nullopt);
    CHECK(match("all_users", "all_users2") == std::nullopt);
    CHECK(match("all_users", "") == std::nullopt);
}

TEST_CASE("AProblemSaysWhatWhereAndWhatToDo") {
    CHECK(KeyTemplate("user:{id").describe() ==
          "key template 'user:{id', character 6: this '{' is not closed; close it with '}', or "
          "write '{{' for a literal brace");
    CHECK(KeyTemplate("").describe() == "the key template is empty; write one like user:{id}");
    CHECK(KeyTemplate("user:{id}").describe().empty());
    for (const std::string_view text :
         {"}", "{a-b}", "{a}{b}", "{a}%{b}", "{a}:{}", "{1}", "{99}"}) {
        CAPTURE(text);
        CHECK(KeyTemplate(text).describe().find("; ") != std::string::npos);
    }
}

TEST_CASE("SeventeenPlaceholdersAreTooMany") {
    std::string text = "{}";
    while (KeyTemplate(text).valid()) text += ":{}";
    CHECK(KeyTemplate(text).placeholders() == KeyTemplate::kMaxPlaceholders);
    CHECK(KeyTemplate(text).problem() == Problem::TooMany);
}

/// Every text of up to three characters over an alphabet that is unfriendly to encodings.
Values unfriendlyTexts() {
    Values all{""};
    for (std::size_t from = 0, round = 0; round < 3; ++round) {
        const std::size_t to = all.size();
        for (; from < to; ++from)
            for (const char c : {':', '%', '2', '5', 'A'}) all.push_back(all[from] + c);
    }
    return all;
}

TEST_CASE("NoTwoArgumentListsShareAKeyAndMatchingInvertsFormatting") {
    const Values texts = unfriendlyTexts();
    for (const std::string_view text : {"{a}:{b}", "{a}2{b}", "{a}::{b}", "x{a}:%{b}5", "{a}A{b}%",
                                        "{1}25{0}", "{}5:{}", "{a}:{b}:{a}"}) {
        CAPTURE(text);
        std::map<Bytes, std::pair<Bytes, Bytes>> madeOf;
        std::size_t shared = 0;
        std::size_t notInverted = 0;
        for (const Bytes& a : texts) {
            for (const Bytes& b : texts) {
                const Bytes key = format(text, {a, b});
                if (!madeOf.emplace(key, std::pair(a, b)).second) ++shared;
                const auto values = match(text, key);
                const bool right = a.empty() || b.empty() ? !values || values == Values{a, b}
                                                          : values == Values{a, b};
                if (!right) ++notInverted;
            }
        }
        CHECK(shared == 0);
        CHECK(notInverted == 0);
    }
}

TEST_CASE("ASinglePlaceholderIsInvertedForEveryValue") {
    for (const Bytes& value : unfriendlyTexts()) {
        for (const std::string_view text : {"{a}", "x:{a}", "{a}:2", "%{a}%"}) {
            CAPTURE(text);
            const auto values = match(text, format(text, {value}));
            if (value.empty())
                CHECK(values == std::nullopt);
            else
                CHECK(values == Values{value});
        }
    }
}

}  // namespace
}  // namespace oxcache
