#include "Batch.h"

#include <algorithm>
#include <array>
#include <set>

#include "Sql.h"

namespace oxcache::sqlite {
namespace {

/// Words that would change what a row of the query is, or where a condition belongs.
constexpr std::array<std::string_view, 26> kRefused{
    "select", "with",   "union", "intersect", "except",    "group",  "having", "order", "limit",
    "offset", "window", "over",  "filter",    "values",    "exists", "in",     "or",    "between",
    "case",   "from",   "where", "distinct",  "returning", "raise",  "match",  "all"};
/// Functions of one row, without side effects; anything else may be an aggregate.
constexpr std::array<std::string_view, 22> kRowFunctions{
    "abs",    "cast",  "coalesce",   "date",         "datetime",    "format", "hex",   "ifnull",
    "iif",    "json",  "json_array", "json_extract", "json_object", "length", "lower", "nullif",
    "printf", "round", "strftime",   "substr",       "trim",        "upper"};
constexpr std::string_view kList = "oxcache_keys";

using Tokens = std::vector<Token>;
using Iterator = Tokens::const_iterator;

template <class Names>
bool contains(const Names& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

std::size_t offset(std::string_view sql, const Token& token) {
    return static_cast<std::size_t>(token.text.data() - sql.data());
}
std::size_t endOf(std::string_view sql, const Token& token) {
    return offset(sql, token) + token.text.size();
}

/// What a simple query is made of.
struct Shape {
    std::string result;
    std::string from;
    std::string where;
    std::string table;
    /// Columns that are compared with a parameter, in lower case.
    std::set<std::string> columns;
};

/// Takes a query apart; every step gives false when the query is not of the simple kind.
class Reader {
public:
    Reader(const Route& route, Tokens tokens)
        : route_(route), sql_(route.query()), tokens_(std::move(tokens)) {
        if (!tokens_.empty() && isMark(tokens_.back(), ";")) tokens_.pop_back();
        dropLimit();
    }

    std::optional<Shape> read() {
        const auto word = [](std::string_view name) {
            return [name](const Token& token) { return token.depth == 0 && isWord(token, name); };
        };
        if (tokens_.empty() || !isWord(tokens_.front(), "select")) return std::nullopt;
        const auto first = tokens_.cbegin() + 1;
        const auto from = std::find_if(first, tokens_.cend(), word("from"));
        const auto where = std::find_if(from, tokens_.cend(), word("where"));
        if (where == tokens_.cend() || lowered(sql_).find("oxcache_") != std::string::npos)
            return std::nullopt;
        if (!readFrom(from + 1, where) || !readResult(first, from) || !readWhere(where + 1))
            return std::nullopt;
        return shape_;
    }

private:
    /// At most one row comes anyway, so `LIMIT 1` says nothing.
    void dropLimit() {
        const std::size_t size = tokens_.size();
        if (size < 2 || tokens_[size - 1].text != "1") return;
        if (isWord(tokens_[size - 2], "limit")) tokens_.resize(size - 2);
    }

    bool plain(Iterator from, Iterator to) const {
        for (auto token = from; token != to; ++token) {
            if (token->kind == TokenKind::Word && contains(kRefused, lowered(token->text)))
                return false;
            const bool calls = isMark(*token, "(") && token != from && isName(*(token - 1));
            if (calls && !contains(kRowFunctions, nameOf(*(token - 1)))) return false;
        }
        return true;
    }

    bool readFrom(Iterator from, Iterator to) {
        const auto size = to - from;
        if (size < 1 || size > 3 || !plain(from, to) || !std::all_of(from, to, isName))
            return false;
        if (size == 3 && !isWord(*(from + 1), "as")) return false;
        shape_.table = nameOf(*from);
        alias_ = *(to - 1);
        shape_.from =
            sql_.substr(offset(sql_, *from), endOf(sql_, *(to - 1)) - offset(sql_, *from));
        return true;
    }

    bool readResult(Iterator from, Iterator to) {
        if (from == to || !plain(from, to)) return false;
        std::size_t copied = offset(sql_, *from);
        for (auto token = from; token != to; ++token) {
            if (token->kind == TokenKind::Parameter) return false;
            const bool starts = token == from || (token->depth == 0 && isMark(*(token - 1), ","));
            if (!starts || !isMark(*token, "*")) continue;
            // All columns of the table, but none of the list.
            shape_.result += sql_.substr(copied, offset(sql_, *token) - copied);
            shape_.result += std::string(alias_.text) + ".*";
            copied = endOf(sql_, *token);
        }
        shape_.result += sql_.substr(copied, endOf(sql_, *(to - 1)) - copied);
        return true;
    }

    bool readWhere(Iterator from) {
        const auto isAnd = [](const Token& token) {
            return token.depth == 0 && isWord(token, "and");
        };
        if (!plain(from, tokens_.cend())) return false;
        while (from != tokens_.cend()) {
            const auto end = std::find_if(from, tokens_.cend(), isAnd);
            if (!readTerm(from, end)) return false;
            from = end == tokens_.cend() ? end : end + 1;
        }
        return !shape_.columns.empty();
    }

    bool readTerm(Iterator from, Iterator to) {
        if (from == to) return false;
        const bool bound = std::any_of(
            from, to, [](const Token& token) { return token.kind == TokenKind::Parameter; });
        std::string text =
            sql_.substr(offset(sql_, *from), endOf(sql_, *(to - 1)) - offset(sql_, *from));
        if (bound && !readEquality(from, to, text)) return false;
        shape_.where += (shape_.where.empty() ? "" : "\nAND ") + text;
        return true;
    }

    /// `column = :name` or `table.column = :name`.
    bool readEquality(Iterator from, Iterator to, std::string& text) {
        const auto size = to - from;
        if (size != 3 && size != 5) return false;
        const auto column = to - 3;
        const Token& parameter = *(to - 1);
        if (!isName(*column) || parameter.kind != TokenKind::Parameter) return false;
        if (!isMark(*(to - 2), "=") && !isMark(*(to - 2), "==")) return false;
        if (size == 5 && (!isMark(*(from + 1), ".") || nameOf(*from) != nameOf(alias_)))
            return false;
        const std::size_t argument = route_.pattern().argument(parameter.text.substr(1));
        if (argument == KeyTemplate::kNone) return false;
        shape_.columns.insert(nameOf(*column));
        // A function's result has neither affinity nor collation, as a parameter has none: the
        // column's own decide the comparison in both forms.
        const std::string value = std::string(kList) + ".oxcache_" + std::to_string(argument + 1);
        text = sql_.substr(offset(sql_, *from), endOf(sql_, *column) - offset(sql_, *from)) +
               " = ifnull(" + value + ", " + value + ")";
        return true;
    }

    const Route& route_;
    const std::string& sql_;
    Tokens tokens_;
    Shape shape_;
    Token alias_{};
};

/// The first column of every row of a pragma-like query with one text argument.
std::vector<std::string> names(sqlite3* db, std::string_view sql, const std::string& argument) {
    std::vector<std::string> found;
    auto statement = Statement::prepare(db, sql);
    if (!statement.ok()) return found;
    const BoundValue value(argument);
    const Statement::Run run(*statement);
    statement->bind(1, value);
    for (auto row = statement->step(); row.ok() && *row; row = statement->step()) {
        const unsigned char* text = sqlite3_column_text(statement->get(), 0);
        // The part of an index that is an expression has no name: no column can cover it.
        found.emplace_back(text == nullptr ? "\n" : reinterpret_cast<const char*>(text));
    }
    return found;
}

bool covers(const std::set<std::string>& columns, const std::vector<std::string>& needed) {
    return !needed.empty() && std::all_of(needed.begin(), needed.end(), [&](const auto& name) {
        return columns.contains(lowered(name));
    });
}

/// True when at most one row can have given values in these columns.
bool unique(sqlite3* db, const Shape& shape) {
    if (covers(shape.columns,
               names(db, "SELECT name FROM pragma_table_info(?1) WHERE pk > 0", shape.table)))
        return true;
    const auto indexes = names(
        db, "SELECT name FROM pragma_index_list(?1) WHERE \"unique\" AND NOT partial", shape.table);
    return std::any_of(indexes.begin(), indexes.end(), [&](const std::string& index) {
        return covers(shape.columns, names(db, "SELECT name FROM pragma_index_info(?1)", index));
    });
}

}  // namespace

std::string BatchForm::sql(std::size_t keys) const {
    std::string text = "WITH " + std::string(kList) + "(oxcache_0";
    for (std::size_t i = 1; i <= arguments; ++i) text += ", oxcache_" + std::to_string(i);
    text += ") AS (VALUES ";
    for (std::size_t key = 0; key < keys; ++key) {
        text += (key == 0 ? "(" : ", (") + std::to_string(key);
        for (std::size_t i = 0; i < arguments; ++i) text += ", ?";
        text += ")";
    }
    return text + ")\n" + body;
}

std::optional<BatchForm> batchForm(sqlite3* db, const Route& route, const Statement& single) {
    const auto shape = Reader(route, tokensOf(route.query())).read();
    if (!shape || !unique(db, *shape)) return std::nullopt;
    const std::string list(kList);
    BatchForm form{"SELECT " + list + ".oxcache_0, " + shape->result + "\nFROM " + list +
                       " CROSS JOIN " + shape->from + "\nWHERE " + shape->where,
                   route.pattern().arguments()};
    const auto tried = Statement::prepare(db, form.sql(2));
    if (!tried.ok()) return std::nullopt;
    std::vector<std::string> columns = tried->columns();
    columns.erase(columns.begin());
    if (columns != single.columns()) return std::nullopt;
    return form;
}

}  // namespace oxcache::sqlite
