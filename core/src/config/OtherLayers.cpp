#include "config/OtherLayers.h"

#include <algorithm>

#include <unistd.h>

#include <Poco/Exception.h>
#include <Poco/String.h>

#include "config/Files.h"
#include "config/Tables.h"
#include "config/Values.h"

namespace oxcache::config {
namespace {

constexpr std::string_view kVariablePrefix = "oxcache__";
// Deep enough for every table, and an end to configurations that enumerate themselves.
constexpr int kDeepestKey = 32;

/// `a__b_c` as `a.b_c`; of more than two underscores in a row the last two separate.
std::string dotted(std::string_view name) {
    std::string key;
    for (std::size_t at = 0; at < name.size();) {
        std::size_t run = 0;
        while (at + run < name.size() && name[at + run] == '_') ++run;
        if (run >= 2) {
            key.append(run - 2, '_');
            key += '.';
            at += run;
        } else {
            key += name[at++];
        }
    }
    return key;
}

/// Known keys by their lower-case form, the lower-case one itself preferred.
std::map<std::string, std::string> byLowerCase(const std::set<std::string>& known) {
    std::map<std::string, std::string> result;
    for (const std::string& key : known) {
        const std::string lower = Poco::toLower(key);
        const auto [entry, isNew] = result.emplace(lower, key);
        if (!isNew && key == lower) entry->second = key;
    }
    return result;
}

void collect(const Poco::Util::AbstractConfiguration& application, const std::string& key,
             Layer& layer, const Origin& origin, int depth) {
    if (depth > kDeepestKey) return;
    Poco::Util::AbstractConfiguration::Keys children;
    application.keys(key, children);
    const std::string prefix = key + '.';
    for (const std::string& child : children)
        collect(application, prefix + child, layer, origin, depth + 1);
    // Poco's XML and JSON configurations answer for inner nodes too, with what is below them.
    if (children.empty() && application.has(key))
        layer.set({key, std::string(trimmed(application.getRawString(key))), origin});
}

}  // namespace

Variables processVariables() {
    Variables variables;
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string_view text = *entry;
        const std::size_t equals = text.find('=');
        if (equals != std::string_view::npos)
            variables.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
    return variables;
}

Layer variableLayer(const Variables& variables, const std::set<std::string>& known,
                    Problems& problems) {
    Layer layer{LayerKind::Variables, {}};
    const std::map<std::string, std::string> knownKeys = byLowerCase(known);
    for (const auto& [name, value] : variables) {
        const std::string lower = Poco::toLower(name);
        if (!lower.starts_with(kVariablePrefix)) continue;
        std::string key = std::string(kRoot) + dotted(lower.substr(kVariablePrefix.size()));
        if (const auto spelled = knownKeys.find(key); spelled != knownKeys.end())
            key = spelled->second;
        const Origin origin{LayerKind::Variables, name, 0, currentFolder()};
        if (const Setting* first = layer.find(key))
            problems.add(origin, key,
                         "given twice, also as " + first->origin.source + "; unset one of the two");
        layer.set({key, std::string(trimmed(value)), origin});
    }
    return layer;
}

Layer commandLineLayer(const std::vector<std::string>& settings, Problems& problems) {
    Layer layer{LayerKind::CommandLine, {}};
    const Origin origin{LayerKind::CommandLine, "", 0, currentFolder()};
    for (const std::string& setting : settings) {
        const std::size_t equals = setting.find('=');
        std::string key(trimmed(std::string_view(setting).substr(0, equals)));
        if (equals == std::string::npos || key.empty()) {
            problems.add(origin, "", inQuotes(setting) + " sets nothing; write KEY=VALUE");
            continue;
        }
        if (!key.starts_with(kRoot)) key.insert(0, kRoot);
        layer.set(
            {key, std::string(trimmed(std::string_view(setting).substr(equals + 1))), origin});
    }
    return layer;
}

Layer applicationLayer(const Poco::Util::AbstractConfiguration& application, Problems& problems) {
    Layer layer{LayerKind::Application, {}};
    const Origin origin{LayerKind::Application, "", 0, currentFolder()};
    try {
        collect(application, std::string(kRoot.substr(0, kRoot.size() - 1)), layer, origin, 0);
    } catch (const Poco::Exception& error) {
        problems.add(origin, "", "cannot be read: " + error.displayText() + "; correct it");
    }
    return layer;
}

}  // namespace oxcache::config
