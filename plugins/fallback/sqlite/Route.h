#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "oxcache/base/KeyTemplate.h"
#include "oxcache/spi/OptionSpec.h"

namespace oxcache::sqlite {

/// How a placeholder's value is bound. Auto: a canonical decimal that fits 64 bits as integer, all
/// else as text.
enum class Binding { Auto, Text, Integer };

/// What is bound to a parameter.
using BoundValue = std::variant<std::int64_t, Bytes>;

/// A configured route: keys of this pattern are answered by this query. Immutable; borrows from
/// itself, so it stays where it was made.
class Route {
public:
    Route(std::string name, std::string match, std::string query);
    Route(const Route&) = delete;
    Route& operator=(const Route&) = delete;

    const std::string& name() const { return name_; }
    const std::string& query() const { return query_; }
    /// Values that the match gives; parameters of the query have the same names.
    const KeyTemplate& pattern() const { return pattern_; }

    /// The values of a key that this route answers, one per argument of the pattern. A key whose
    /// value cannot be bound as configured is not this route's.
    std::optional<std::vector<BoundValue>> values(Key key) const;

    void bind(std::size_t argument, Binding binding) { bindings_[argument] = binding; }

private:
    const std::string name_;
    const std::string match_;
    const std::string query_;
    const KeyTemplate pattern_;
    std::vector<Binding> bindings_;
};

using Routes = std::vector<std::unique_ptr<const Route>>;

/// The routes of a configuration that are in order as far as can be seen without the database, in
/// the order in which they are tried: by name. What is wrong with the others goes to `problems`,
/// each as `option: what; what to do`.
Routes readRoutes(const spi::OptionValues& options, std::vector<std::string>& problems);

}  // namespace oxcache::sqlite
