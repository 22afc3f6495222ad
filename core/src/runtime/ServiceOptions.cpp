#include "runtime/ServiceOptions.h"

#include <optional>

namespace oxcache::runtime {

using spi::OptionSpec;
using spi::OptionType;

namespace {

OptionSpec duration(std::string name, std::string standard, std::int64_t least, std::string help) {
    OptionSpec spec;
    spec.name = std::move(name);
    spec.type = OptionType::Duration;
    spec.defaultValue = std::move(standard);
    spec.least = least;
    spec.help = std::move(help);
    return spec;
}

OptionSpec choice(std::string name, std::string standard, std::vector<std::string> choices,
                  std::string help) {
    OptionSpec spec;
    spec.name = std::move(name);
    spec.type = OptionType::Choice;
    spec.defaultValue = std::move(standard);
    spec.choices = std::move(choices);
    spec.help = std::move(help);
    return spec;
}

OptionSpec simple(std::string name, OptionType type, std::string standard, std::string help) {
    OptionSpec spec;
    spec.name = std::move(name);
    spec.type = type;
    spec.defaultValue = std::move(standard);
    spec.help = std::move(help);
    return spec;
}

OptionSpec number(std::string name, OptionType type, std::string standard, std::int64_t least,
                  std::int64_t most, std::string help) {
    OptionSpec spec = simple(std::move(name), type, std::move(standard), std::move(help));
    spec.least = least;
    spec.most = most;
    return spec;
}

constexpr std::int64_t kGiB = std::int64_t{1} << 30;

}  // namespace

std::vector<OptionSpec> globalOptions() {
    return {
        duration("global.default_ttl", "300", 1, "life of entries where a service sets no ttl"),
        simple("plugins.path", OptionType::List, "",
               "folders with plugins; by default the one that belongs to the core library"),
        simple("state_dir", OptionType::Path, "", "where the active environment is recorded"),
    };
}

std::vector<OptionSpec> serviceOptions() {
    return {
        choice("cache_type", "two-level", {"l1", "l2", "two-level"}, "which levels there are"),
        simple("promote_on_hit", OptionType::Boolean, "true", "an L2 hit is kept in L1"),
        duration("ttl", "", 1, "life of entries; by default oxcache.global.default_ttl"),
        duration("negative_ttl", "30", 0, "life of 'not there'; 0: not kept"),
        duration("jitter", "0", 0, "up to this much is added to each ttl, at random"),
        duration("idle", "", 1, "life since the last access; by default not limited"),
        choice("serialization", "json", {"json", "msgpack", "cbor"}, "how objects lie in L2"),
        duration("deadline", "2s", 1, "for each question to a store or database"),
        duration("max_staleness", "5s", 1, "life in L1 while invalidations may be lost"),
        duration("degraded.max_staleness", "", 0,
                 "age up to which L1 serves what L2 cannot confirm; by default the entry's ttl"),
        duration("tombstone_ttl", "60s", 1000, "how long L2 remembers a remove"),
        duration("load.max_hold", "30s", 1, "after which a load's leader is replaced"),
        number("load.max_abandoned", OptionType::Integer, "64", 1, 10'000,
               "loads that may go on after their callers left"),
        simple("load.distributed_lock", OptionType::Boolean, "false",
               "a loader waits for another process's load of the same key"),
        number("max_key_length", OptionType::Integer, "1024", 1, 65'536, "bytes"),
        number("max_value_size", OptionType::Size, "64MiB", 1, kGiB, "bytes, as serialized"),
        choice("startup", "lenient", {"lenient", "strict"},
               "strict: a store that cannot be reached at start is an error"),
        choice("coherence", "auto", {"auto", "pubsub", "tracking", "none"},
               "how other processes' writes are noticed; auto: the store's own bus"),
        number("l1.max_capacity", OptionType::Integer, "10000", 1, 1'000'000'000, "entries in L1"),
        number("l1.max_bytes", OptionType::Size, "0", 0, 1024 * kGiB,
               "bytes in L1; 0: not limited"),
        duration("l1.ttl", "", 1, "longest life in L1; by default the entry's ttl"),
        simple("l2.plugin", OptionType::Text, "embedded", "the plugin that is L2"),
        simple("l2.key_prefix", OptionType::Text, "", "by default the service's name and a colon"),
        choice("l2.format", "envelope", {"envelope", "raw"},
               "how values lie in L2; raw: as other programs write and read them"),
        simple("fallback.plugin", OptionType::Text, "", "the plugin that asks the database"),
    };
}

namespace {

std::optional<Duration> ifSet(const spi::OptionValues& values, std::string_view name) {
    return values.has(name) ? std::optional(values.duration(name)) : std::nullopt;
}

CodecId codecOf(const std::string& name) {
    if (name == "msgpack") return CodecId::MsgPack;
    return name == "cbor" ? CodecId::Cbor : CodecId::Json;
}

}  // namespace

ServicePlan planOf(const std::string& name, const spi::OptionValues& service,
                   const spi::OptionValues& global) {
    ServicePlan plan;
    stages::ServiceSettings& settings = plan.settings;
    settings.name = name;
    settings.keyPrefix = service.has("l2.key_prefix") ? service.text("l2.key_prefix") : name + ":";
    settings.usesL1 = service.text("cache_type") != "l2";
    settings.usesL2 = service.text("cache_type") != "l1";
    settings.promoteOnHit = service.boolean("promote_on_hit");
    settings.ttl =
        service.has("ttl") ? service.duration("ttl") : global.duration("global.default_ttl");
    settings.l1Ttl = ifSet(service, "l1.ttl");
    settings.negativeTtl = service.duration("negative_ttl");
    settings.jitter = service.duration("jitter");
    settings.idle = ifSet(service, "idle");
    settings.deadline = service.duration("deadline");
    settings.maxStaleness = service.duration("max_staleness");
    settings.degradedMaxStaleness = ifSet(service, "degraded.max_staleness");
    settings.tombstoneTtl = service.duration("tombstone_ttl");
    settings.maxHold = service.duration("load.max_hold");
    settings.maxAbandoned = static_cast<std::uint64_t>(service.integer("load.max_abandoned"));
    settings.distributedLock = service.boolean("load.distributed_lock");
    settings.maxKeyLength = static_cast<std::uint64_t>(service.integer("max_key_length"));
    settings.maxValueSize = service.size("max_value_size");
    settings.serialization = codecOf(service.text("serialization"));
    plan.memory.maxEntries = static_cast<std::uint64_t>(service.integer("l1.max_capacity"));
    plan.memory.maxBytes = service.size("l1.max_bytes");
    settings.raw = settings.usesL2 && service.text("l2.format") == "raw";
    plan.coherence = service.text("coherence");
    if (settings.raw && plan.coherence == "auto") plan.coherence = "tracking";
    settings.tracking = settings.usesL2 && plan.coherence == "tracking";
    plan.strictStart = service.text("startup") == "strict";
    return plan;
}

}  // namespace oxcache::runtime
