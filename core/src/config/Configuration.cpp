#include "config/Configuration.h"

#include <algorithm>

#include <Poco/Exception.h>

#include "config/Environment.h"
#include "config/Files.h"
#include "config/KeyIndex.h"
#include "config/OtherLayers.h"
#include "config/Values.h"

namespace oxcache::config {
namespace {

const std::string kStateDir = "oxcache.state_dir";
const std::string kServices = "oxcache.services.";

bool isServiceName(const std::string& name) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    };
    return !name.empty() && name[0] >= 'a' && name[0] <= 'z' &&
           std::all_of(name.begin(), name.end(), allowed) && name.find("__") == std::string::npos;
}

/// `oxcache.a.b.` of `oxcache.a.b.c`; empty at the top.
std::string parentOf(const std::string& key) {
    const std::size_t dot = key.rfind('.', key.size() - 2);
    return dot == std::string::npos ? "" : key.substr(0, dot + 1);
}

}  // namespace

Configuration::Ptr Configuration::load(const Source& source, Problems& problems) {
    Ptr made(new Configuration);
    Configuration& self = *made;
    self.variables_ = source.variables ? *source.variables : processVariables();
    self.application_ = source.application;
    self.layers_.push_back({LayerKind::Defaults, {}});

    Layer base{LayerKind::File, {}};
    if (!source.file.empty()) {
        self.base_ = {LayerKind::File, source.file, 0, folderOf(source.file)};
        self.complete_ = readConfigurationFile(source.file, base, problems);
    } else {
        self.base_ = {LayerKind::Application, "", 0, currentFolder()};
        if (source.application) base = applicationLayer(*source.application, problems);
    }
    self.layers_.push_back(std::move(base));
    const Layer commandLine = commandLineLayer(source.settings, problems);
    self.layers_.push_back(variableLayer(self.variables_, self.effectiveKeys(), problems));
    self.layers_.push_back(commandLine);
    self.readEnvironmentLayer(source, problems);
    return made;
}

void Configuration::readEnvironmentLayer(const Source& source, Problems& problems) {
    // Only what lies around the environment file can say where the state folder is.
    std::string stateDir;
    if (const auto setting = find(kStateDir)) {
        const Expansion expansion = expandReferences(*setting, surroundings());
        if (expansion.failure)
            problems.add(expansion.failure->origin, expansion.failure->key,
                         expansion.failure->text);
        else
            stateDir = absolutePath(expansion.text, setting->origin.folder);
    }
    const EnvironmentChoice choice =
        chooseEnvironment(source.environment, variables_, stateDir, problems);
    environment_ = choice.name;
    if (source.file.empty()) return;

    Layer layer{LayerKind::Environment, {}};
    if (!readEnvironment(source.file, choice, layer, problems)) complete_ = false;
    if (const Setting* setting = layer.find(kStateDir)) {
        problems.add(setting->origin, kStateDir,
                     "may not be set in an environment file; set it in " + source.file);
        layer.settings.erase(kStateDir);
    }
    const Layer commandLine = std::move(layers_.back());
    layers_.resize(layers_.size() - 2);
    layers_.push_back(std::move(layer));
    // Once more, since the environment file may spell keys in another letter case.
    layers_.push_back(variableLayer(variables_, effectiveKeys(), problems));
    layers_.push_back(commandLine);
}

std::vector<std::string> Configuration::services(Problems& problems) {
    std::vector<std::string> names = groups(kServices);
    // A service with no options of its own is an empty value.
    const std::set<std::string> keys = effectiveKeys();
    for (auto it = keys.lower_bound(kServices); it != keys.end() && it->starts_with(kServices);
         ++it) {
        const std::string name = it->substr(kServices.size());
        if (name.find('.') != std::string::npos || !find(*it)->raw.empty()) continue;
        names.push_back(name);
        excused_.insert(*it);
    }
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    std::erase_if(names, [&](const std::string& name) {
        if (isServiceName(name)) return false;
        const std::string key = kServices + name;
        problems.add(originOf(key), key,
                     inQuotes(name) +
                         " is no name of a service; begin with a letter a to z and use letters, "
                         "digits and single underscores");
        excuse(key + '.');
        excused_.insert(key);
        return true;
    });
    return names;
}

std::vector<std::string> Configuration::groups(const std::string& prefix) const {
    std::set<std::string> names;
    for (const Layer& layer : layers_) {
        if (layer.kind == LayerKind::Defaults) continue;
        for (auto it = layer.settings.lower_bound(prefix);
             it != layer.settings.end() && it->first.starts_with(prefix); ++it) {
            const std::size_t dot = it->first.find('.', prefix.size());
            if (dot != std::string::npos)
                names.insert(it->first.substr(prefix.size(), dot - prefix.size()));
        }
    }
    return {names.begin(), names.end()};
}

std::optional<Setting> Configuration::find(const std::string& key) const {
    for (auto layer = layers_.rbegin(); layer != layers_.rend(); ++layer)
        if (const Setting* setting = layer->find(key)) return *setting;
    if (application_.isNull() || isOurs(key)) return std::nullopt;
    try {
        if (application_->has(key))
            return Setting{key, std::string(trimmed(application_->getRawString(key))), base_};
    } catch (const Poco::Exception&) {
        // Some of Poco's configurations throw for keys that they cannot take apart: not set.
    }
    return std::nullopt;
}

std::optional<std::string> Configuration::text(const std::string& key, Problems& problems) const {
    const std::optional<Setting> setting = find(key);
    if (!setting) return std::nullopt;
    Expansion expansion = expandReferences(*setting, surroundings());
    if (expansion.failure) {
        problems.add(expansion.failure->origin, expansion.failure->key, expansion.failure->text);
        return std::nullopt;
    }
    if (surroundings().isPath(key)) return absolutePath(expansion.text, setting->origin.folder);
    return std::move(expansion.text);
}

std::vector<std::string> Configuration::paths(const std::string& key, Problems& problems) const {
    const std::optional<std::string> value = text(key, problems);
    if (!value) return {};
    const std::optional<Setting> setting = find(key);
    auto list = parseList(*value);
    if (!list) {
        problems.add(originOf(key), key,
                     inQuotes(display(*setting, surroundings())) + ' ' + list.error().message);
        return {};
    }
    for (std::string& path : *list) path = absolutePath(path, setting->origin.folder);
    return std::move(list).value();
}

Origin Configuration::originOf(const std::string& key) const {
    const std::optional<Setting> setting = find(key);
    if (setting && setting->origin.layer != LayerKind::Defaults) return setting->origin;
    for (std::string group = key + '.'; group.size() > kRoot.size(); group = parentOf(group))
        if (const Setting* first = firstUnder(group)) return first->origin;
    return base_;
}

const Setting* Configuration::firstUnder(const std::string& prefix) const {
    const Setting* first = nullptr;
    for (const Layer& layer : layers_) {
        if (layer.kind == LayerKind::Defaults) continue;
        for (auto it = layer.settings.lower_bound(prefix);
             it != layer.settings.end() && it->first.starts_with(prefix); ++it)
            if (first == nullptr || (it->second.origin.layer == first->origin.layer &&
                                     it->second.origin.line < first->origin.line))
                first = &it->second;
    }
    return first;
}

std::set<std::string> Configuration::effectiveKeys() const {
    std::set<std::string> keys;
    for (const Layer& layer : layers_)
        for (const auto& [key, setting] : layer.settings) keys.insert(key);
    return keys;
}

Surroundings Configuration::surroundings() const {
    const auto specOf = [this](const std::string& key) {
        const auto found = specs_.find(key);
        return found == specs_.end() ? nullptr : found->second;
    };
    return Surroundings{[this](const std::string& key) { return find(key); }, variables_,
                        [specOf](const std::string& key) {
                            const spi::OptionSpec* spec = specOf(key);
                            return spec != nullptr && spec->type == spi::OptionType::Path;
                        },
                        [specOf](const std::string& key) {
                            const spi::OptionSpec* spec = specOf(key);
                            return spec != nullptr && spec->secret;
                        }};
}

bool Configuration::getRaw(const std::string& key, std::string& value) const {
    Problems problems;
    std::optional<std::string> found = text(key, problems);
    problems.raise();
    if (found) value = std::move(*found);
    return found.has_value();
}

void Configuration::setRaw(const std::string& key, const std::string&) {
    throw Poco::InvalidAccessException("the configuration is read-only", key);
}

void Configuration::removeRaw(const std::string& key) {
    throw Poco::InvalidAccessException("the configuration is read-only", key);
}

void Configuration::enumerate(const std::string& key, Keys& range) const {
    const std::string prefix = key.empty() ? "" : key + '.';
    std::set<std::string> names;
    for (const std::string& known : effectiveKeys())
        if (known.starts_with(prefix))
            names.insert(
                known.substr(prefix.size(), known.find('.', prefix.size()) - prefix.size()));
    range.insert(range.end(), names.begin(), names.end());
}

}  // namespace oxcache::config
