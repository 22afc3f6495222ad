#include "config/Environment.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include <Poco/Ascii.h>

#include "config/Files.h"
#include "config/Values.h"

namespace oxcache::config {
namespace {

namespace fs = std::filesystem;

/// The name becomes part of a file's path.
bool isEnvironmentName(std::string_view name) {
    const auto allowed = [](char c) {
        return Poco::Ascii::isAlphaNumeric(static_cast<unsigned char>(c)) || c == '_' || c == '-';
    };
    return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), allowed);
}

/// True when the name can be used; else that is a problem.
bool accepted(const std::string& name, const Origin& origin, Problems& problems) {
    if (isEnvironmentName(name)) return true;
    problems.add(origin, "",
                 inQuotes(name) +
                     " is no name of an environment; use letters, digits, hyphens and underscores");
    return false;
}

/// The environments that have a file, for the hint.
std::string available(const fs::path& folder, const std::string& extension) {
    std::set<std::string> names;
    std::error_code error;
    for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
        if (it->path().extension() == extension) names.insert(it->path().stem().string());
    std::string text;
    for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
    return text;
}

}  // namespace

EnvironmentChoice chooseEnvironment(const std::string& explicitName, const Variables& variables,
                                    const std::string& stateDir, Problems& problems) {
    if (!explicitName.empty()) {
        const Origin origin{LayerKind::CommandLine, "", 0, {}};
        if (accepted(explicitName, origin, problems)) return {explicitName, "explicitly"};
        return {};
    }
    const auto variable = variables.find("OXCACHE_ENV");
    if (variable != variables.end() && !trimmed(variable->second).empty()) {
        const std::string name(trimmed(variable->second));
        const Origin origin{LayerKind::Variables, variable->first, 0, {}};
        if (accepted(name, origin, problems)) return {name, "by OXCACHE_ENV"};
        return {};
    }
    if (stateDir.empty()) return {};
    const std::string record = (fs::path(stateDir) / "environment").string();
    std::error_code error;
    if (!fs::exists(record, error)) return {};
    const Origin origin{LayerKind::File, record, 0, {}};
    const Result<std::string> text = readFile(record, 1 << 10);
    if (!text) {
        problems.add(origin, "",
                     "cannot be read: " + text.error().message + "; correct or remove it");
        return {};
    }
    const std::string name(trimmed(text.value()));
    if (accepted(name, origin, problems)) return {name, "by " + record};
    return {};
}

std::string environmentFile(const std::string& baseFile, const std::string& name) {
    const fs::path base(baseFile);
    return (base.parent_path() / "environments" / (name + base.extension().string())).string();
}

bool readEnvironment(const std::string& baseFile, const EnvironmentChoice& choice, Layer& layer,
                     Problems& problems) {
    const std::string path = environmentFile(baseFile, choice.name);
    std::error_code error;
    if (fs::exists(path, error) || error) return readConfigurationFile(path, layer, problems);
    if (choice.chooser.empty()) return true;
    const fs::path file(path);
    const std::string names = available(file.parent_path(), file.extension().string());
    problems.add(Origin{layer.kind, path, 0, {}}, "",
                 "no such file, but environment " + inQuotes(choice.name) + " was chosen " +
                     choice.chooser + "; create the file" +
                     (names.empty() ? "" : " or choose one of: " + names));
    return false;
}

}  // namespace oxcache::config
