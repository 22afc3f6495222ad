#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

/// As much of SQLite's lexical grammar as is needed to see a query's parameters and shape.
namespace oxcache::sqlite {

enum class TokenKind { Word, QuotedName, String, Number, Parameter, Mark };

struct Token {
    TokenKind kind;
    /// Points into the statement.
    std::string_view text;
    /// Parentheses around it; an opening one counts for itself, a closing one does not.
    std::size_t depth;
};

/// The tokens of a statement, comments left out.
std::vector<Token> tokensOf(std::string_view sql);

/// True when the token is that keyword or unquoted name; letter case is ignored.
bool isWord(const Token& token, std::string_view word);
bool isMark(const Token& token, std::string_view mark);
/// True for a name, quoted or not (a keyword looks like a name too).
bool isName(const Token& token);
/// The name that a token spells, without quotes, in lower case (ASCII, as SQLite compares them).
std::string nameOf(const Token& token);
std::string lowered(std::string_view text);

}  // namespace oxcache::sqlite
