#include "config/Tables.h"

#include <algorithm>

namespace oxcache::config {
namespace {

const std::string kAny = "*";

bool fits(const std::string& pattern, const std::string& segment) {
    return pattern == kAny ? !segment.empty() : pattern == segment;
}

std::string joinSegments(const std::vector<std::string>& parts) {
    std::string key;
    for (const std::string& part : parts) {
        if (!key.empty()) key += '.';
        key += part;
    }
    return key;
}

/// The first `length` segments of every key under the prefix that fit the pattern's.
std::set<std::vector<std::string>> heads(const std::vector<std::string>& pattern,
                                         std::size_t length, const std::string& prefix,
                                         const std::set<std::string>& keys) {
    const bool whole = length == pattern.size();
    std::set<std::vector<std::string>> result;
    for (auto it = keys.lower_bound(prefix); it != keys.end() && it->starts_with(prefix); ++it) {
        std::vector<std::string> parts = segments(it->substr(prefix.size()));
        if (whole ? parts.size() != length : parts.size() <= length) continue;
        parts.resize(length);
        if (std::equal(parts.begin(), parts.end(), pattern.begin(),
                       [](const auto& part, const auto& wanted) { return fits(wanted, part); }))
            result.insert(std::move(parts));
    }
    return result;
}

}  // namespace

std::vector<std::string> segments(const std::string& key) {
    std::vector<std::string> result;
    std::size_t begin = 0;
    for (;;) {
        const std::size_t dot = key.find('.', begin);
        result.push_back(key.substr(begin, dot - begin));
        if (dot == std::string::npos) return result;
        begin = dot + 1;
    }
}

std::vector<Option> optionsOf(const spi::OptionSpec& spec, const std::string& prefix,
                              const std::set<std::string>& keys) {
    const std::vector<std::string> pattern = segments(spec.name);
    const auto lastStar = std::find(pattern.rbegin(), pattern.rend(), kAny);
    if (lastStar == pattern.rend()) return {Option{spec.name, prefix + spec.name, &spec}};
    const auto length = static_cast<std::size_t>(pattern.rend() - lastStar);
    std::vector<Option> result;
    for (std::vector<std::string> parts : heads(pattern, length, prefix, keys)) {
        parts.insert(parts.end(), pattern.begin() + static_cast<std::ptrdiff_t>(length),
                     pattern.end());
        const std::string name = joinSegments(parts);
        result.push_back(Option{name, prefix + name, &spec});
    }
    return result;
}

std::string likeliestKey(const std::string& pattern, const std::string& key) {
    std::vector<std::string> wanted = segments(pattern);
    const std::vector<std::string> given = segments(key);
    for (std::size_t i = 0; i < wanted.size() && i < given.size(); ++i)
        if (wanted[i] == kAny && !given[i].empty()) wanted[i] = given[i];
    return joinSegments(wanted);
}

}  // namespace oxcache::config
