#include <stdexcept>

#include "oxcache/spi/OptionSpec.h"

namespace oxcache::spi {
inline namespace v1 {

template <class T>
const T& OptionValues::get(std::string_view name) const {
    const auto found = values_.find(name);
    if (found == values_.end()) throw std::logic_error("option is not set: " + std::string(name));
    const T* value = std::get_if<T>(&found->second);
    if (value == nullptr) throw std::logic_error("option is of another type: " + std::string(name));
    return *value;
}

const std::string& OptionValues::text(std::string_view name) const {
    static const std::string kEmpty;
    return has(name) ? get<std::string>(name) : kEmpty;
}
std::int64_t OptionValues::integer(std::string_view name) const { return get<std::int64_t>(name); }
double OptionValues::real(std::string_view name) const { return get<double>(name); }
bool OptionValues::boolean(std::string_view name) const { return get<bool>(name); }
Duration OptionValues::duration(std::string_view name) const { return get<Duration>(name); }
std::uint64_t OptionValues::size(std::string_view name) const {
    return static_cast<std::uint64_t>(get<std::int64_t>(name));
}
const OptionValues::List& OptionValues::list(std::string_view name) const {
    static const List kEmpty;
    return has(name) ? get<List>(name) : kEmpty;
}
bool OptionValues::has(std::string_view name) const { return values_.contains(name); }

std::vector<std::string> OptionValues::names(std::string_view group) const {
    const std::string prefix = std::string(group) + '.';
    std::vector<std::string> result;
    for (auto it = values_.lower_bound(prefix); it != values_.end(); ++it) {
        if (!it->first.starts_with(prefix)) break;
        const std::string rest = it->first.substr(prefix.size());
        const std::string name = rest.substr(0, rest.find('.'));
        if (result.empty() || result.back() != name) result.push_back(name);
    }
    return result;
}

}  // namespace v1
}  // namespace oxcache::spi
