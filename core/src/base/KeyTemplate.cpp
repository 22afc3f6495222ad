#include "oxcache/base/KeyTemplate.h"

namespace oxcache {
namespace {

constexpr std::string_view kHex = "0123456789ABCDEF";

/// Calls `take` with each character that a literal stands for: doubled braces once.
template <class Take>
void eachLiteralCharacter(std::string_view literal, Take take) {
    for (std::size_t i = 0; i < literal.size(); ++i) {
        take(literal[i]);
        if (literal[i] == '{' || literal[i] == '}') ++i;
    }
}

void appendLiteral(Bytes& key, std::string_view literal) {
    eachLiteralCharacter(literal, [&key](char c) { key.push_back(c); });
}

std::size_t literalSize(std::string_view literal) {
    std::size_t size = 0;
    eachLiteralCharacter(literal, [&size](char) { ++size; });
    return size;
}

bool startsWithLiteral(Key key, std::string_view literal) {
    std::size_t at = 0;
    bool equal = true;
    eachLiteralCharacter(literal, [&](char c) {
        equal = equal && at < key.size() && key[at] == c;
        ++at;
    });
    return equal;
}

void appendEncoded(Bytes& key, BytesView value, std::string_view following) {
    for (const char c : value) {
        if (c != '%' && following.find(c) == std::string_view::npos) {
            key.push_back(c);
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        key.push_back('%');
        key.push_back(kHex[byte >> 4U]);
        key.push_back(kHex[byte & 15U]);
    }
}

/// The value of a hexadecimal digit, or -1.
int hexDigit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

bool encodedAt(BytesView text, std::size_t at) {
    return text[at] == '%' && at + 2 < text.size() && hexDigit(text[at + 1]) >= 0 &&
           hexDigit(text[at + 2]) >= 0;
}

Bytes decode(BytesView text) {
    Bytes value;
    value.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (!encodedAt(text, i)) {
            value.push_back(text[i]);
            continue;
        }
        value.push_back(static_cast<char>(hexDigit(text[i + 1]) * 16 + hexDigit(text[i + 2])));
        i += 2;
    }
    return value;
}

/// How long the shortest non-empty text before `literal` is; npos when there is none. Encoded
/// characters are stepped over whole: their digits may be characters of the literal. A literal at
/// the very beginning was written after an empty value; to read on would give another value.
std::size_t sizeBefore(Key rest, std::string_view literal) {
    if (startsWithLiteral(rest, literal)) return Key::npos;
    std::size_t i = 0;
    while (i < rest.size()) {
        i += encodedAt(rest, i) ? 3 : 1;
        if (i < rest.size() && startsWithLiteral(rest.substr(i), literal)) return i;
    }
    return Key::npos;
}

std::string_view problemText(KeyTemplate::Problem problem) {
    switch (problem) {
        case KeyTemplate::Problem::Unclosed:
            return "this '{' is not closed; close it with '}', or write '{{' for a literal brace";
        case KeyTemplate::Problem::StrayBrace:
            return "this '}' closes nothing; write '}}' for a literal brace";
        case KeyTemplate::Problem::BadName:
            return "no placeholder can be called that; write {}, {0} or {name}, with a name of "
                   "letters, digits and '_' that begins with no digit";
        case KeyTemplate::Problem::Adjacent:
            return "two placeholders touch, so that different values would share a key; put a "
                   "literal between them";
        case KeyTemplate::Problem::PercentAfterPlaceholder:
            return "the literal between two placeholders begins with '%', which marks encoded "
                   "characters in values; begin it with another character";
        case KeyTemplate::Problem::MixedNames:
            return "placeholders of different kinds; use only {name}, only {} or only {0}";
        case KeyTemplate::Problem::TooMany:
            return "more than 16 placeholders; use fewer";
        default:
            return {};
    }
}

}  // namespace

std::string KeyTemplate::describe() const {
    if (valid()) return {};
    if (problem_ == Problem::Empty) return "the key template is empty; write one like user:{id}";
    const std::string which = "key template '" + std::string(text_) + "'";
    if (problem_ == Problem::PositionNotUsed)
        return which + ": a position below the highest is not used; number them from {0} on";
    return which + ", character " + std::to_string(where_ + 1) + ": " +
           std::string(problemText(problem_));
}

void KeyTemplate::formatTo(Bytes& key, std::span<const BytesView> values) const {
    for (std::size_t i = 0; i < count_; ++i) {
        appendLiteral(key, literals_[i]);
        if (encodes())
            appendEncoded(key, values[argumentOf_[i]], literals_[i + 1]);
        else
            key.append(values[argumentOf_[i]]);
    }
    appendLiteral(key, literals_[count_]);
}

Bytes KeyTemplate::format(std::span<const BytesView> values) const {
    Bytes key;
    formatTo(key, values);
    return key;
}

std::optional<std::vector<Bytes>> KeyTemplate::match(Key key) const {
    std::vector<Bytes> values(arguments_);
    std::vector<bool> seen(arguments_);
    if (!startsWithLiteral(key, literals_[0])) return std::nullopt;
    key.remove_prefix(literalSize(literals_[0]));
    for (std::size_t i = 0; i < count_; ++i) {
        const std::size_t literal = literalSize(literals_[i + 1]);
        std::size_t size = Key::npos;
        if (i + 1 < count_)
            size = sizeBefore(key, literals_[i + 1]);
        else if (key.size() > literal &&
                 startsWithLiteral(key.substr(key.size() - literal), literals_[i + 1]))
            size = key.size() - literal;
        if (size == Key::npos) return std::nullopt;
        Bytes value = encodes() ? decode(key.substr(0, size)) : Bytes(key.substr(0, size));
        const std::size_t argument = argumentOf_[i];
        if (seen[argument] && values[argument] != value) return std::nullopt;
        seen[argument] = true;
        values[argument] = std::move(value);
        key.remove_prefix(size + literal);
    }
    if (!key.empty()) return std::nullopt;
    return values;
}

}  // namespace oxcache
