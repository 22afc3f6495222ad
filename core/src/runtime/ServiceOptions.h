#pragma once

#include <string>
#include <vector>

#include "memory/MemoryStore.h"
#include "oxcache/base/Export.h"
#include "oxcache/spi/OptionSpec.h"
#include "stages/ServiceSettings.h"

namespace oxcache::runtime {

/// The core's options below `oxcache.`, and below `oxcache.services.<name>.`.
OXCACHE_INTERNAL std::vector<spi::OptionSpec> globalOptions();
OXCACHE_INTERNAL std::vector<spi::OptionSpec> serviceOptions();

/// How a service is put together, beside its settings.
struct ServicePlan {
    stages::ServiceSettings settings;
    memory::MemoryOptions memory;
    std::string coherence;
    bool strictStart = false;
};

OXCACHE_INTERNAL ServicePlan planOf(const std::string& name, const spi::OptionValues& service,
                                    const spi::OptionValues& global);

}  // namespace oxcache::runtime
