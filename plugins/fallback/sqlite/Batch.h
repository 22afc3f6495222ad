#pragma once

#include <optional>
#include <string>

#include "Statement.h"

namespace oxcache::sqlite {

/// The form of a route's query that answers many keys at once: the query joined to a list of keys.
/// Its first column is the number of the key in the list.
struct BatchForm {
    /// What stands behind the list of keys.
    std::string body;
    /// Values per key.
    std::size_t arguments = 0;

    /// The statement for that many keys; parameters are the values key by key.
    std::string sql(std::size_t keys) const;
};

/// The batch form of a query, where it provably gives each key the row that the query gives alone:
/// a plain SELECT from one table, whose parameters are all compared by `column = :name` at the top
/// of the condition, such that those columns cover the primary key or a unique index. Empty where
/// that cannot be seen.
std::optional<BatchForm> batchForm(sqlite3* db, const Route& route, const Statement& single);

}  // namespace oxcache::sqlite
