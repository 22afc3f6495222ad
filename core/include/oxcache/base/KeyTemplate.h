#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "oxcache/base/Bytes.h"
#include "oxcache/base/Export.h"

namespace oxcache {

/// A pattern of keys: literal text and placeholders, `user:{id}`, `user:{}`, `{1}:{0}`. `{{` and
/// `}}` are literal braces. Parsed at compile time or at run time; borrows the text. Immutable, so
/// thread-safe.
///
/// Where a template has several placeholders, `%` and the characters of the literal that follows a
/// placeholder are percent-encoded in its value, so that no two argument lists share a key; the
/// value of a single placeholder is taken as it is. That is why two placeholders need a literal
/// between them, and why it may not begin with `%`.
class KeyTemplate {
public:
    enum class Problem {
        None,
        Empty,
        Unclosed,
        StrayBrace,
        BadName,
        Adjacent,
        PercentAfterPlaceholder,
        MixedNames,
        PositionNotUsed,
        TooMany
    };
    static constexpr std::size_t kMaxPlaceholders = 16;
    static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

    constexpr explicit KeyTemplate(std::string_view text) noexcept : text_(text) {
        problem_ = parse();
    }

    constexpr bool valid() const noexcept { return problem_ == Problem::None; }
    constexpr Problem problem() const noexcept { return problem_; }
    /// What is wrong, where and what to do; empty when valid.
    OXCACHE_API std::string describe() const;

    constexpr std::string_view text() const noexcept { return text_; }
    /// Placeholders as written; the same name twice counts twice.
    constexpr std::size_t placeholders() const noexcept { return count_; }
    /// Distinct values that the template takes: by position, or by name in order of appearance.
    constexpr std::size_t arguments() const noexcept { return arguments_; }
    /// False for `{}` and `{0}`.
    constexpr bool named() const noexcept { return style_ == Style::Named; }
    /// The name of an argument; empty where placeholders are positions.
    constexpr std::string_view argumentName(std::size_t argument) const noexcept {
        for (std::size_t i = 0; named() && i < count_; ++i)
            if (argumentOf_[i] == argument) return names_[i];
        return {};
    }
    /// The argument of that name, or kNone.
    constexpr std::size_t argument(std::string_view name) const noexcept {
        for (std::size_t i = 0; named() && i < count_; ++i)
            if (names_[i] == name) return argumentOf_[i];
        return kNone;
    }

    /// Appends the key for one value per argument. Only for a valid template and `arguments()`
    /// values.
    OXCACHE_API void formatTo(Bytes& key, std::span<const BytesView> values) const;
    /// As formatTo, from nothing.
    OXCACHE_API Bytes format(std::span<const BytesView> values) const;

    /// The values, one per argument, that `key` was made of; empty when it does not fit. A
    /// placeholder takes the shortest non-empty text up to the next literal, the last takes the
    /// rest; a name used twice must stand for equal values. A key formatted from an empty value
    /// fits nothing. Only for a valid template.
    OXCACHE_API std::optional<std::vector<Bytes>> match(Key key) const;

private:
    enum class Style { Unknown, Named, Counted, Numbered };

    constexpr Problem parse() noexcept;
    constexpr Problem placeholder(std::string_view name, std::size_t literalFrom,
                                  std::size_t at) noexcept;
    constexpr Problem number(std::string_view name) noexcept;
    /// True when values are percent-encoded.
    constexpr bool encodes() const noexcept { return count_ > 1; }

    std::string_view text_;
    Problem problem_ = Problem::None;
    /// Where the problem lies in the text.
    std::size_t where_ = 0;
    Style style_ = Style::Unknown;
    std::size_t count_ = 0;
    std::size_t arguments_ = 0;
    /// literals_[i] stands before placeholder i, the last one after all; braces still doubled.
    std::array<std::string_view, kMaxPlaceholders + 1> literals_{};
    std::array<std::string_view, kMaxPlaceholders> names_{};
    std::array<std::size_t, kMaxPlaceholders> argumentOf_{};
};

constexpr KeyTemplate::Problem KeyTemplate::parse() noexcept {
    if (text_.empty()) return Problem::Empty;
    std::size_t literalFrom = 0;
    for (std::size_t i = 0; i < text_.size(); ++i) {
        if (text_[i] != '{' && text_[i] != '}') continue;
        where_ = i;
        if (i + 1 < text_.size() && text_[i + 1] == text_[i]) {
            ++i;
            continue;
        }
        if (text_[i] == '}') return Problem::StrayBrace;
        const std::size_t end = text_.find_first_of("{}", i + 1);
        if (end == std::string_view::npos || text_[end] == '{') return Problem::Unclosed;
        const Problem found = placeholder(text_.substr(i + 1, end - i - 1), literalFrom, i);
        if (found != Problem::None) return found;
        i = end;
        literalFrom = end + 1;
    }
    literals_[count_] = text_.substr(literalFrom);
    for (std::size_t argument = 0; argument < arguments_; ++argument) {
        bool used = false;
        for (std::size_t i = 0; i < count_; ++i) used = used || argumentOf_[i] == argument;
        if (!used) return Problem::PositionNotUsed;
    }
    return Problem::None;
}

constexpr KeyTemplate::Problem KeyTemplate::placeholder(std::string_view name,
                                                        std::size_t literalFrom,
                                                        std::size_t at) noexcept {
    if (count_ == kMaxPlaceholders) return Problem::TooMany;
    const std::string_view literal = text_.substr(literalFrom, at - literalFrom);
    if (count_ > 0 && literal.empty()) return Problem::Adjacent;
    if (count_ > 0 && literal.front() == '%') return Problem::PercentAfterPlaceholder;
    literals_[count_] = literal;
    names_[count_] = name;
    const Problem found = number(name);
    if (argumentOf_[count_] >= arguments_) arguments_ = argumentOf_[count_] + 1;
    ++count_;
    return found;
}

constexpr KeyTemplate::Problem KeyTemplate::number(std::string_view name) noexcept {
    constexpr std::string_view kLetters =
        "_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    constexpr std::string_view kDigits = "0123456789";
    const bool digits = name.find_first_not_of(kDigits) == std::string_view::npos;
    if (name.find_first_not_of(kLetters) != std::string_view::npos) return Problem::BadName;
    if (!digits && kDigits.find(name.front()) != std::string_view::npos) return Problem::BadName;
    if (digits && name.size() > 2) return Problem::BadName;
    const Style style = name.empty() ? Style::Counted : digits ? Style::Numbered : Style::Named;
    if (style_ != Style::Unknown && style_ != style) return Problem::MixedNames;
    style_ = style;
    std::size_t index = count_;
    if (style == Style::Numbered) {
        index = 0;
        for (const char c : name) index = index * 10 + static_cast<std::size_t>(c - '0');
        if (index >= kMaxPlaceholders) return Problem::TooMany;
    }
    if (style == Style::Named) {
        index = arguments_;
        for (std::size_t i = 0; i < count_; ++i)
            if (names_[i] == name) index = argumentOf_[i];
    }
    argumentOf_[count_] = index;
    return Problem::None;
}

}  // namespace oxcache
