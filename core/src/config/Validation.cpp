#include <algorithm>
#include <sstream>

#include <Poco/String.h>

#include "config/Configuration.h"
#include "config/KeyIndex.h"
#include "config/Nearest.h"
#include "config/Values.h"

/// The second step: tables meet what was loaded.
namespace oxcache::config {
namespace {

using spi::OptionSpec;
using spi::OptionType;

/// A key that is not ours, but whose first segment looks as if it was meant to be.
bool looksMisspelled(const std::string& key) {
    const std::string first = Poco::toLower(key.substr(0, key.find('.')));
    return first.size() < key.size() && editDistance(first, "oxcache") <= 1;
}

}  // namespace

void Configuration::declare(const std::string& prefix, std::vector<OptionSpec> table) {
    const std::set<std::string> keys = effectiveKeys();
    Declared& declared = declared_.emplace_back(Declared{prefix, std::move(table), {}});
    for (const OptionSpec& spec : declared.table)
        for (Option& option : optionsOf(spec, prefix, keys))
            declared.options.push_back(std::move(option));
    const Origin origin{LayerKind::Defaults, "", 0, base_.folder};
    for (const Option& option : declared.options) {
        specs_.emplace(option.key, option.spec);
        if (!option.spec->defaultValue.empty())
            layers_.front().set({option.key, option.spec->defaultValue, origin});
    }
}

Configuration::Values Configuration::read(const std::string& prefix, Problems& problems) const {
    Values read;
    for (const Declared& declared : declared_) {
        if (declared.prefix != prefix) continue;
        for (const Option& option : declared.options) {
            if (readOption(option, read.values, problems)) continue;
            const OptionSpec& spec = *option.spec;
            if (auto standard = parseValue(spec, spec.defaultValue);
                !spec.defaultValue.empty() && standard)
                read.values.set(option.name, std::move(standard).value());
            else
                read.complete = read.complete && !spec.required;
        }
    }
    return read;
}

bool Configuration::readOption(const Option& option, spi::OptionValues& values,
                               Problems& problems) const {
    const OptionSpec& spec = *option.spec;
    const std::optional<Setting> setting = find(option.key);
    if (!setting || (setting->raw.empty() && spec.required)) {
        if (spec.required && complete_)
            problems.add(originOf(option.key), option.key,
                         "is required and " + std::string(setting ? "empty" : "missing") +
                             "; set it" + (spec.help.empty() ? "" : ": " + spec.help));
        return !spec.required;
    }
    const Surroundings around = surroundings();
    if (spec.secret && !isReference(*setting, around)) {
        problems.add(setting->origin, option.key,
                     "a secret may not be written out; write ${env:NAME} or ${file:PATH} and keep "
                     "it there");
        return false;
    }
    const Expansion expansion = expandReferences(*setting, around);
    if (expansion.failure) {
        problems.add(expansion.failure->origin, expansion.failure->key, expansion.failure->text);
        return false;
    }
    auto value = parseValue(spec, expansion.text);
    if (!value) {
        // Poco takes `5 # five` as it stands.
        const bool comment = setting->raw.find('#') != std::string::npos;
        problems.add(setting->origin, option.key,
                     inQuotes(display(*setting, around)) + ' ' + value.error().message +
                         (comment ? " (a comment must be a line of its own)" : ""));
        return false;
    }
    if (spec.type == OptionType::Path)
        value = spi::OptionValues::Value(absolutePath(expansion.text, setting->origin.folder));
    values.set(option.name, std::move(value).value());
    return true;
}

void Configuration::reportFindings(const std::string& text, const std::string& prefix,
                                   const std::string& key, Problems& problems) const {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        const std::size_t colon = line.find(": ");
        const std::string option = prefix + line.substr(0, colon);
        if (colon != std::string::npos && specs_.contains(option))
            problems.add(originOf(option), option, line.substr(colon + 2));
        else
            problems.add(originOf(key), key, line);
    }
}

bool Configuration::isKnown(const std::string& key) const {
    if (specs_.contains(key) || excused_.contains(key)) return true;
    return std::any_of(excused_.begin(), excused_.end(), [&](const std::string& prefix) {
        return prefix.ends_with('.') && key.starts_with(prefix);
    });
}

std::string Configuration::unknownText(const std::string& key) const {
    std::vector<std::string> known;
    for (const auto& [name, spec] : specs_) known.push_back(name);
    for (const Declared& declared : declared_)
        for (const OptionSpec& spec : declared.table)
            known.push_back(likeliestKey(declared.prefix + spec.name, key));
    const Nearest found = nearest(key, known);
    if (found.word.empty()) return "unknown key; remove it";
    if (found.close) return "unknown key; did you mean " + found.word + '?';
    return "unknown key; remove it (the nearest known one is " + found.word + ")";
}

void Configuration::reportUnknown(Problems& problems) const {
    for (const Layer& layer : layers_) {
        if (layer.kind == LayerKind::Defaults) continue;
        for (const auto& [key, setting] : layer.settings) {
            if (isOurs(key) ? isKnown(key) : !looksMisspelled(key)) continue;
            // `<l1/>` and `"l1": {}` set nothing.
            const auto below = specs_.lower_bound(key + '.');
            if (setting.raw.empty() && below != specs_.end() && below->first.starts_with(key + '.'))
                continue;
            problems.add(setting.origin, key, unknownText(key));
        }
    }
}

std::optional<Explanation> Configuration::explain(const std::string& key) const {
    const std::optional<Setting> setting = find(key);
    if (!setting) return std::nullopt;
    const Surroundings around = surroundings();
    std::string value = display(*setting, around);
    if (around.isPath(key) && !value.starts_with("${"))
        value = absolutePath(value, setting->origin.folder);
    return Explanation{key, std::move(value), setting->origin};
}

std::vector<Explanation> Configuration::explainAll() const {
    std::vector<Explanation> all;
    for (const std::string& key : effectiveKeys())
        if (isOurs(key)) all.push_back(*explain(key));
    return all;
}

}  // namespace oxcache::config
