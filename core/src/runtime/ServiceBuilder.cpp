#include "runtime/ServiceBuilder.h"

#include <algorithm>
#include <random>
#include <utility>

#include <Poco/Logger.h>

namespace oxcache::runtime {
namespace {

const std::string kRoot = "oxcache.";

std::string prefixOf(const std::string& service) { return kRoot + "services." + service + "."; }

/// Names one service of this process in versions, so that two services on the same keys notice
/// each other; scripts in a store hold it exactly.
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

/// What a plugin's factory makes; an exception, which it should not let out, is its error.
template <class Extension, class Factory>
Result<std::unique_ptr<Extension>> guarded(const Factory& factory,
                                           const spi::ExtensionContext& context) {
    try {
        return factory(context);
    } catch (const std::exception& error) {
        return Error{ErrorCode::Unavailable,
                     std::string("this plugin threw '") + error.what() + "' when it was to build"};
    } catch (...) {
        return Error{ErrorCode::Unavailable, "this plugin threw an exception when it was to build"};
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
    : configuration_(std::move(configuration)), clock_(std::move(clock)) {}

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
    if (names.empty() && configuration_->complete())
        problems.add(configuration_->originOf("oxcache.services"), "oxcache.services",
                     "no service is configured; add oxcache.services.<name>.cache_type");
    const spi::OptionValues global = configuration_->read(kRoot, problems).values;
    for (const auto& wanted : wanted_) make(*wanted, global, problems);
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
    if (name && name->empty() && kind == "l2")
        problems.add(configuration_->originOf(key), key,
                     "names no plugin; name one, or set cache_type = l1");
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

spi::ExtensionContext ServiceBuilder::contextFor(const Wanted& wanted,
                                                 const spi::OptionValues& options) const {
    const stages::ServiceSettings& settings = wanted.parts.plan.settings;
    const std::array<std::string, 2> markers =
        stages::ClearMarkers::keysOf(wanted.parts.plan.settings.keyPrefix);
    return {options,
            *clock_,
            wanted.name,
            settings.keyPrefix,
            wanted.parts.origin,
            settings.maxValueSize + envelope::kHeaderSize,
            [service = wanted.name](spi::LogLevel level, const std::string& text) {
                writeLog(service, level, text);
            },
            settings.raw,
            wanted.parts.plan.coherence,
            settings.raw ? std::vector<std::string>()
                         : std::vector<std::string>(markers.begin(), markers.end())};
}

// Every value is read, and a plugin is asked to build even where a value beside it is wrong, so
// that all problems are found in one run; where there are any, nothing that was built is used.
void ServiceBuilder::make(Wanted& wanted, const spi::OptionValues& global,
                          config::Problems& problems) {
    const std::string prefix = prefixOf(wanted.name);
    wanted.parts.plan = planOf(wanted.name, configuration_->read(prefix, problems).values, global);
    wanted.parts.clock = clock_;
    wanted.parts.host = host_;
    wanted.parts.origin = randomOrigin();
    if (wanted.remote && wanted.parts.plan.settings.raw) checkRaw(wanted, problems);
    if (wanted.remote) {
        const auto l2 = configuration_->read(prefix + "l2.", problems);
        if (l2.complete) {
            wanted.parts.remote = built<spi::RemoteStore>(wanted.remote->remoteStore, "l2",
                                                          "L2 store", wanted, l2.values, problems);
            chooseBus(wanted, l2.values, problems);
        }
    }
    if (wanted.fallback) {
        const auto fallback = configuration_->read(prefix + "fallback.", problems);
        if (fallback.complete)
            wanted.parts.fallback =
                built<spi::FallbackStore>(wanted.fallback->fallbackStore, "fallback",
                                          "fallback store", wanted, fallback.values, problems);
    }
}

template <class Extension, class Factory>
std::unique_ptr<Extension> ServiceBuilder::built(const Factory& factory, const std::string& kind,
                                                 const std::string& what, const Wanted& wanted,
                                                 const spi::OptionValues& options,
                                                 config::Problems& problems) const {
    const std::string key = prefixOf(wanted.name) + kind + ".plugin";
    if (!factory) {
        problems.add(configuration_->originOf(key), key,
                     "this plugin has no " + what + "; name another");
        return nullptr;
    }
    Result<std::unique_ptr<Extension>> extension =
        guarded<Extension>(factory, contextFor(wanted, options));
    if (extension && *extension) return std::move(*extension);
    if (extension) extension = Error{ErrorCode::Unavailable, "this plugin made no " + what};
    configuration_->reportFindings(extension.error().message, prefixOf(wanted.name) + kind + ".",
                                   key, problems);
    return nullptr;
}

// Without stamps nobody can tell one value from the next, nor whose it is.
void ServiceBuilder::checkRaw(const Wanted& wanted, config::Problems& problems) const {
    const std::string prefix = prefixOf(wanted.name);
    const auto refuse = [&](const std::string& option, const std::string& why) {
        problems.add(configuration_->originOf(prefix + option), prefix + option, why);
    };
    const stages::ServiceSettings& settings = wanted.parts.plan.settings;
    if (!wanted.remote->traits.raw)
        refuse("l2.format", "the store of plugin '" + wanted.remote->info.name +
                                "' cannot hold raw values; write envelope");
    if (settings.distributedLock)
        refuse("load.distributed_lock", "needs l2.format = envelope: raw values bear no lease");
    if (settings.idle)
        refuse("idle", "needs l2.format = envelope: raw values do not say when they were used");
    if (wanted.parts.plan.coherence == "pubsub")
        refuse("coherence",
               "pubsub needs l2.format = envelope; raw values are shared with"
               " programs that do not publish, so write tracking");
}

void ServiceBuilder::chooseBus(Wanted& wanted, const spi::OptionValues& options,
                               config::Problems& problems) {
    const std::string& coherence = wanted.parts.plan.coherence;
    const std::string key = prefixOf(wanted.name) + "coherence";
    if (coherence == "none") return;
    const bool hasBus = static_cast<bool>(wanted.remote->invalidationBus);
    const std::vector<std::string>& kinds = wanted.remote->traits.coherence;
    if (coherence != "auto" &&
        (!hasBus || std::find(kinds.begin(), kinds.end(), coherence) == kinds.end())) {
        problems.add(configuration_->originOf(key), key,
                     "the store of plugin '" + wanted.remote->info.name + "' has no " + coherence +
                         "; write auto" + (hasBus ? ", which uses the store's own bus" : ""));
        return;
    }
    // What was wrong for the store is wrong for its bus, and has been said.
    if (!hasBus || !wanted.parts.remote) return;
    auto bus =
        guarded<spi::InvalidationBus>(wanted.remote->invalidationBus, contextFor(wanted, options));
    if (bus)
        wanted.parts.bus = std::move(*bus);
    else
        problems.add(configuration_->originOf(key), key, bus.error().message);
}

}  // namespace oxcache::runtime
