#include "config/Problems.h"

#include "oxcache/base/Exceptions.h"

namespace oxcache::config {

const char* toString(LayerKind layer) noexcept {
    switch (layer) {
        case LayerKind::Defaults:
            return "default";
        case LayerKind::Application:
            return "application";
        case LayerKind::File:
            return "file";
        case LayerKind::Environment:
            return "environment file";
        case LayerKind::Variables:
            return "environment variable";
        case LayerKind::CommandLine:
            return "command line";
    }
    return "";
}

std::string Origin::text() const {
    switch (layer) {
        case LayerKind::File:
        case LayerKind::Environment:
            return line > 0 ? source + ':' + std::to_string(line) : source;
        case LayerKind::Variables:
            return std::string(toString(layer)) + ' ' + source;
        default:
            return toString(layer);
    }
}

void Problems::add(const Origin& origin, const std::string& key, const std::string& text) {
    std::string line = origin.text() + ": ";
    if (!key.empty()) line += key + ": ";
    problems_.emplace(origin.layer, origin.source, origin.line, line + text);
}

std::vector<std::string> Problems::lines() const {
    std::vector<std::string> result;
    result.reserve(problems_.size());
    for (const auto& problem : problems_) result.push_back(std::get<3>(problem));
    return result;
}

void Problems::raise() const {
    if (!empty()) throw ConfigurationError(lines());
}

}  // namespace oxcache::config
