#include "Sql.h"

#include <algorithm>
#include <array>

namespace oxcache::sqlite {
namespace {

bool isDigit(char c) { return c >= '0' && c <= '9'; }
bool isSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool isNameCharacter(char c) {
    return isDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$' ||
           static_cast<unsigned char>(c) >= 0x80;
}

/// Reads one token after the other; past the end every character is NUL.
class Lexer {
public:
    explicit Lexer(std::string_view sql) : sql_(sql) {}

    bool skipBlanks() {
        for (;;) {
            if (isSpace(at(0)))
                ++position_;
            else if (at(0) == '-' && at(1) == '-')
                position_ = std::min(sql_.find('\n', position_), sql_.size());
            else if (at(0) == '/' && at(1) == '*')
                skipPast("*/", 2);
            else
                return position_ < sql_.size();
        }
    }

    TokenKind read() {
        const char c = at(0);
        if (c == '\'') return quoted(c, TokenKind::String);
        if (c == '"' || c == '`') return quoted(c, TokenKind::QuotedName);
        if (c == '[') {
            skipPast("]", 1);
            return TokenKind::QuotedName;
        }
        if (isDigit(c) || (c == '.' && isDigit(at(1)))) return number();
        if (c == '?' || ((c == ':' || c == '@' || c == '$') && isNameCharacter(at(1)))) {
            ++position_;
            return names(TokenKind::Parameter);
        }
        if (isNameCharacter(c)) return names(TokenKind::Word);
        return mark();
    }

    std::size_t position() const { return position_; }

private:
    char at(std::size_t ahead) const {
        return position_ + ahead < sql_.size() ? sql_[position_ + ahead] : '\0';
    }
    void skipPast(std::string_view end, std::size_t from) {
        const std::size_t found = sql_.find(end, position_ + from);
        position_ = found == std::string_view::npos ? sql_.size() : found + end.size();
    }
    TokenKind quoted(char quote, TokenKind kind) {
        ++position_;
        while (position_ < sql_.size()) {
            if (at(0) == quote && at(1) == quote)
                ++position_;
            else if (at(0) == quote)
                break;
            ++position_;
        }
        position_ = std::min(position_ + 1, sql_.size());
        return kind;
    }
    TokenKind names(TokenKind kind) {
        while (isNameCharacter(at(0))) ++position_;
        return kind;
    }
    TokenKind number() {
        while (isNameCharacter(at(0)) || at(0) == '.') {
            const bool exponent = at(0) == 'e' || at(0) == 'E';
            ++position_;
            if (exponent && (at(0) == '+' || at(0) == '-')) ++position_;
        }
        return TokenKind::Number;
    }
    TokenKind mark() {
        static constexpr std::array<std::string_view, 10> kLong{
            "->>", "->", "||", "==", "<=", ">=", "<>", "!=", "<<", ">>"};
        const std::string_view rest = sql_.substr(position_);
        const auto* found = std::find_if(kLong.begin(), kLong.end(),
                                         [&](auto mark) { return rest.starts_with(mark); });
        position_ += found == kLong.end() ? 1 : found->size();
        return TokenKind::Mark;
    }

    std::string_view sql_;
    std::size_t position_ = 0;
};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

std::vector<Token> tokensOf(std::string_view sql) {
    std::vector<Token> tokens;
    Lexer lexer(sql);
    std::size_t depth = 0;
    while (lexer.skipBlanks()) {
        const std::size_t from = lexer.position();
        const TokenKind kind = lexer.read();
        const std::string_view text = sql.substr(from, lexer.position() - from);
        if (text == ")" && depth > 0) --depth;
        if (text == "(") ++depth;
        tokens.push_back({kind, text, depth});
    }
    return tokens;
}

bool isWord(const Token& token, std::string_view word) {
    return token.kind == TokenKind::Word && lowered(token.text) == lowered(word);
}

bool isMark(const Token& token, std::string_view mark) {
    return token.kind == TokenKind::Mark && token.text == mark;
}

bool isName(const Token& token) {
    return token.kind == TokenKind::Word || token.kind == TokenKind::QuotedName;
}

std::string nameOf(const Token& token) {
    if (token.kind != TokenKind::QuotedName || token.text.size() < 2) return lowered(token.text);
    const char quote = token.text.front();
    std::string name;
    for (std::size_t i = 1; i + 1 < token.text.size(); ++i) {
        name.push_back(lower(token.text[i]));
        if (token.text[i] == quote && quote != '[') ++i;
    }
    return name;
}

std::string lowered(std::string_view text) {
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(), lower);
    return result;
}

}  // namespace oxcache::sqlite
