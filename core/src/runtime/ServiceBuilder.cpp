#include "runtime/ServiceBuilder.h"

#include <random>
#include <utility>

#include <Poco/Logger.h>

namespace oxcache::runtime {
namespace {

const std::string kRoot = "oxcache.";

std::string prefixOf(const std::string& service) { return kRoot + "services." + service + "."; }

/// Names this process in versions; scripts in a store hold it exactly.
std::uint64_t randomOrigin() {
    std::random_device device;
    const std::uint64_t high = device();
    return (((high << 32) | device()) & ((std::uint64_t{1} << 53) - 1)) | 1U;
}

void writeLog(const std::string& service, spi::LogLevel level, const std::string& text) {
    Poco::Logger& logger = Poco::Logger::get("oxcache");
    const std::string line = "service '" + service + "': " + text;
    switch (level) {
        case spi::LogLevel::Debug:
            logger.debug(line);
            break;
        case spi::LogLevel::Information:
            logger.information(line);
            break;
        case spi::LogLevel::Warning:
            logger.warning(line);
            break;
        case spi::LogLevel::Error:
            logger.error(line);
            break;
    }
}

}  // namespace

/// One service on its way from configuration to parts.
struct ServiceBuilder::Wanted {
    std::string name;
    const host::Offer* remote = nullptr;
    const host::Offer* fallback = nullptr;
    ServiceParts parts;
};

ServiceBuilder::ServiceBuilder(config::Configuration::Ptr configuration,
                               std::shared_ptr<Clock> clock)
    : configuration_(std::move(configuration)), clock_(std::move(clock)), origin_(randomOrigin()) {}

ServiceBuilder::~ServiceBuilder() = default;

Services ServiceBuilder::build(config::Problems& problems) {
    configuration_->declare(kRoot, globalOptions());
    const std::vector<std::string> names = configuration_->services(problems);
    for (const std::string& name : names) configuration_->declare(prefixOf(name), serviceOptions());
    std::vector<std::string> folders = configuration_->paths("oxcache.plugins.path", problems);
    if (folders.empty()) folders.push_back(host::PluginHost::defaultFolder());
    host_ = std::make_shared<host::PluginHost>(std::move(folders));
    for (const std::string& name : names) findPlugins(name, problems);
    configuration_->reportUnknown(problems);
    if (names.empty())
        problems.add(configuration_->originOf("oxcache.services"), "oxcache.services",
                     "no service is configured; add oxcache.services.<name>.cache_type");
    for (const auto& wanted : wanted_) prepare(wanted->name, problems);
    // Reading reports what is wrong with each value; plugins are built only from values that are
    // right, but what they find is reported in the same run where it can be.
    for (const auto& wanted : wanted_)
        if (problems.empty() || !wanted->parts.plan.settings.name.empty()) make(*wanted, problems);
    problems.raise();

    Services services;
    for (const auto& wanted : wanted_) {
        const bool strict = wanted->parts.plan.strictStart;
        auto service = std::make_shared<ServiceRuntime>(std::move(wanted->parts));
        for (const Error& error : service->start()) {
            if (strict)
                problems.add(configuration_->originOf(prefixOf(wanted->name) + "startup"),
                             prefixOf(wanted->name) + "startup",
                             error.message + "; start the server, or set startup = lenient");
            else
                writeLog(wanted->name, spi::LogLevel::Warning, "starts degraded: " + error.message);
        }
        services.emplace(wanted->name, std::move(service));
    }
    problems.raise();
    return services;
}

const host::Offer* ServiceBuilder::plugin(const std::string& service, const std::string& kind,
                                          config::Problems& problems) {
    const std::string key = prefixOf(service) + kind + ".plugin";
    const std::optional<std::string> name = configuration_->text(key, problems);
    if (!name || name->empty()) return nullptr;
    const Result<const host::Offer*> offer = host_->load(kind, *name);
    if (offer) {
        configuration_->declare(prefixOf(service) + kind + ".", (*offer)->options);
        return *offer;
    }
    problems.add(configuration_->originOf(key), key, offer.error().message);
    configuration_->excuse(prefixOf(service) + kind + ".");
    return nullptr;
}

void ServiceBuilder::findPlugins(const std::string& service, config::Problems& problems) {
    auto wanted = std::make_unique<Wanted>();
    wanted->name = service;
    const auto type = configuration_->text(prefixOf(service) + "cache_type", problems);
    const bool l1Only = type && *type == "l1";
    if (l1Only)
        configuration_->excuse(prefixOf(service) + "l2.");
    else
        wanted->remote = plugin(service, "l2", problems);
    wanted->fallback = plugin(service, "fallback", problems);
    wanted_.push_back(std::move(wanted));
}

void ServiceBuilder::prepare(const std::string& service, config::Problems& problems) {
    config::Problems mine;
    const spi::OptionValues values = configuration_->read(prefixOf(service), mine);
    const spi::OptionValues global = configuration_->read(kRoot, mine);
    (void)configuration_->read(prefixOf(service), problems);
    (void)configuration_->read(kRoot, problems);
    if (!mine.empty()) return;
    for (const auto& wanted : wanted_)
        if (wanted->name == service) wanted->parts.plan = planOf(service, values, global);
}

spi::ExtensionContext ServiceBuilder::contextFor(const Wanted& wanted,
                                                 const spi::OptionValues& options) const {
    const stages::ServiceSettings& settings = wanted.parts.plan.settings;
    return {options,
            *clock_,
            wanted.name,
            settings.keyPrefix,
            origin_,
            settings.maxValueSize + envelope::kHeaderSize,
            [service = wanted.name](spi::LogLevel level, const std::string& text) {
                writeLog(service, level, text);
            }};
}

void ServiceBuilder::make(Wanted& wanted, config::Problems& problems) {
    wanted.parts.clock = clock_;
    wanted.parts.host = host_;
    wanted.parts.origin = origin_;
    const auto build = [&](const host::Offer* offer, const std::string& kind, auto&& create) {
        if (offer == nullptr) return;
        const std::string prefix = prefixOf(wanted.name) + kind + ".";
        config::Problems mine;
        const spi::OptionValues options = configuration_->read(prefix, mine);
        (void)configuration_->read(prefix, problems);
        if (mine.empty() && !wanted.parts.plan.settings.name.empty()) create(options, prefix);
    };
    build(wanted.remote, "l2", [&](const spi::OptionValues& options, const std::string& prefix) {
        if (!wanted.remote->remoteStore) {
            problems.add(configuration_->originOf(prefix + "plugin"), prefix + "plugin",
                         "this plugin has no L2 store; name another");
            return;
        }
        auto store = wanted.remote->remoteStore(contextFor(wanted, options));
        if (!store) {
            problems.add(configuration_->originOf(prefix + "plugin"), prefix + "plugin",
                         store.error().message);
            return;
        }
        wanted.parts.remote = std::move(*store);
        chooseBus(wanted, options, problems);
    });
    build(wanted.fallback, "fallback",
          [&](const spi::OptionValues& options, const std::string& prefix) {
              if (!wanted.fallback->fallbackStore) {
                  problems.add(configuration_->originOf(prefix + "plugin"), prefix + "plugin",
                               "this plugin has no fallback store; name another");
                  return;
              }
              auto store = wanted.fallback->fallbackStore(contextFor(wanted, options));
              if (store)
                  wanted.parts.fallback = std::move(*store);
              else
                  problems.add(configuration_->originOf(prefix + "plugin"), prefix + "plugin",
                               store.error().message);
          });
}

void ServiceBuilder::chooseBus(Wanted& wanted, const spi::OptionValues& options,
                               config::Problems& problems) {
    const std::string& coherence = wanted.parts.plan.coherence;
    const std::string key = prefixOf(wanted.name) + "coherence";
    if (coherence == "none") return;
    const bool hasBus = static_cast<bool>(wanted.remote->invalidationBus);
    if (coherence != "auto") {
        problems.add(configuration_->originOf(key), key,
                     "the store of plugin '" + wanted.remote->info.name + "' has no " + coherence +
                         "; write auto" + (hasBus ? ", which uses the store's own bus" : ""));
        return;
    }
    if (!hasBus) return;
    auto bus = wanted.remote->invalidationBus(contextFor(wanted, options));
    if (bus)
        wanted.parts.bus = std::move(*bus);
    else
        problems.add(configuration_->originOf(key), key, bus.error().message);
}

}  // namespace oxcache::runtime
