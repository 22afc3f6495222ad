#include "DemoConfiguration.h"

#include <algorithm>
#include <filesystem>

#include <Poco/Exception.h>
#include <Poco/SHA1Engine.h>
#include <Poco/Util/JSONConfiguration.h>
#include <Poco/Util/MapConfiguration.h>
#include <Poco/Util/PropertyFileConfiguration.h>
#include <Poco/Util/XMLConfiguration.h>

#include "PackageTable.h"

namespace oxcache::demo {
namespace {

namespace fs = std::filesystem;
using Poco::AutoPtr;
using Poco::Util::AbstractConfiguration;

constexpr const char* kDefaultService = "demo";

// A fifth of the keys fit into L1, so that every level has something to do.
std::size_t l1Capacity(std::size_t keys) { return std::max<std::size_t>(32, keys / 5); }

// Of an unreadable file the core says what is wrong; Poco would read a folder without end.
AutoPtr<AbstractConfiguration> readFile(const std::string& path) {
    std::error_code error;
    if (!fs::is_regular_file(path, error)) throw Poco::FileNotFoundException(path);
    const std::string extension = fs::path(path).extension().string();
    if (extension == ".xml") return new Poco::Util::XMLConfiguration(path);
    if (extension == ".json") return new Poco::Util::JSONConfiguration(path);
    return new Poco::Util::PropertyFileConfiguration(path);
}

// Values of one database and query are no answers of another, whose keys may be the same.
std::string prefixOf(const DemoOptions& options, const std::string& database) {
    Poco::SHA1Engine digest;
    for (const std::string* part : {&database, &options.match, &options.query}) {
        digest.update(*part);
        digest.update('\0');
    }
    return serviceOf(options) + ":" +
           Poco::DigestEngine::digestToHex(digest.digest()).substr(0, 12) + ":";
}

// False where --set names another plugin, which would not know the path of the embedded one.
bool usesEmbedded(const DemoOptions& options, const std::string& key) {
    bool embedded = true;
    for (const std::string& setting : options.settings) {
        const auto equals = setting.find('=');
        const std::string name = setting.substr(0, equals);
        if (equals != std::string::npos && (name == key || "oxcache." + name == key))
            embedded = setting.substr(equals + 1) == "embedded";
    }
    return embedded;
}

}  // namespace

AutoPtr<AbstractConfiguration> defaultConfiguration(const DemoOptions& options,
                                                    const std::string& database, std::size_t keys) {
    const std::string state = fs::absolute(options.state).string();
    AutoPtr<AbstractConfiguration> configuration = new Poco::Util::MapConfiguration;
    const std::string service = "oxcache.services." + serviceOf(options) + ".";
    configuration->setString(service + "cache_type", "two-level");
    configuration->setString(service + "ttl", "1h");
    configuration->setString(service + "l1.max_capacity", std::to_string(l1Capacity(keys)));
    if (usesEmbedded(options, service + "l2.plugin")) {
        configuration->setString(service + "l2.plugin", "embedded");
        configuration->setString(service + "l2.path", state + "/l2.db");
    }
    if (options.ownCatalogue()) {
        configuration->setString(service + "fallback.plugin", "sqlite");
        configuration->setString(service + "fallback.path", database);
        configuration->setString(service + "fallback.routes.packages.match", "{name}");
        configuration->setString(service + "fallback.routes.packages.query", PackageTable::query());
    } else {
        configuration->setString(service + "l2.key_prefix",
                                 prefixOf(options, fs::absolute(options.database).string()));
    }
    configuration->setString("oxcache.state_dir", state);
    return configuration;
}

std::vector<std::string> settingsOf(const DemoOptions& options, const std::string& service) {
    std::vector<std::string> settings;
    if (!options.ownCatalogue()) {
        const std::string fallback = "oxcache.services." + service + ".fallback.";
        settings = {fallback + "plugin=sqlite",
                    fallback + "path=" + fs::absolute(options.database).string(),
                    fallback + "routes.command_line.match=" + options.match,
                    fallback + "routes.command_line.query=" + options.query};
    }
    settings.insert(settings.end(), options.settings.begin(), options.settings.end());
    return settings;
}

std::string serviceOf(const DemoOptions& options) {
    if (!options.service.empty()) return options.service;
    if (options.config.empty()) return kDefaultService;
    AbstractConfiguration::Keys names;
    try {
        readFile(options.config)->keys("oxcache.services", names);
    } catch (const Poco::Exception&) {
        return kDefaultService;
    }
    if (names.empty() || std::find(names.begin(), names.end(), kDefaultService) != names.end())
        return kDefaultService;
    if (names.size() == 1) return names.front();
    std::sort(names.begin(), names.end());
    std::string list;
    for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
    throw UsageError(options.config + " has several services (" + list +
                     ") and none is named demo; choose one by --service NAME");
}

}  // namespace oxcache::demo
