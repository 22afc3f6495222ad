#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "oxcache/base/Clock.h"
#include "oxcache/base/Export.h"

namespace oxcache::spi {
inline namespace v1 {

/// Text is taken as it is; Path is made absolute, relative to the folder of the file that sets it;
/// Duration and Size take units (`250ms`, `64MiB`) and default to seconds and bytes; List is
/// comma-separated.
enum class OptionType { Text, Path, Integer, Real, Boolean, Duration, Size, Choice, List };

/// One option: a row in a plugin's or the core's table. The table feeds the loader, the validator
/// and the documentation. A `*` segment in the name stands for a name the user chooses
/// (`routes.*.match`).
struct OptionSpec {
    std::string name;
    OptionType type = OptionType::Text;
    /// As it would be written in the file; empty: no default.
    std::string defaultValue{};
    bool required = false;
    /// Inclusive, in the type's base unit (milliseconds, bytes, or the number itself).
    std::optional<std::int64_t> least{};
    std::optional<std::int64_t> most{};
    /// The closed list of a Choice.
    std::vector<std::string> choices{};
    bool secret = false;
    bool reloadable = false;
    std::string help{};
};

/// Validated values of a table's options, by name. Immutable after loading; reads are thread-safe.
/// Asking for a name or type that the table does not have is a programming error and throws
/// std::logic_error.
class OXCACHE_API OptionValues {
public:
    using List = std::vector<std::string>;
    using Value = std::variant<std::string, std::int64_t, double, bool, Duration, List>;

    /// Text, Path and Choice; empty when unset.
    const std::string& text(std::string_view name) const;
    std::int64_t integer(std::string_view name) const;
    double real(std::string_view name) const;
    bool boolean(std::string_view name) const;
    Duration duration(std::string_view name) const;
    /// Bytes.
    std::uint64_t size(std::string_view name) const;
    const List& list(std::string_view name) const;
    bool has(std::string_view name) const;
    /// The names the user chose under a group, in order: `names("routes")` for `routes.*.match`.
    std::vector<std::string> names(std::string_view group) const;

    void set(std::string name, Value value) { values_[std::move(name)] = std::move(value); }

private:
    template <class T>
    const T& get(std::string_view name) const;
    std::map<std::string, Value, std::less<>> values_;
};

}  // namespace v1
}  // namespace oxcache::spi
