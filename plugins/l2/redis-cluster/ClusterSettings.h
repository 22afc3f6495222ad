#pragma once

#include <vector>

#include "../redis-common/AddressMap.h"
#include "../redis-common/Settings.h"

namespace oxcache::redis {

/// Which nodes are asked first where everything is, and how all nodes are met.
struct ClusterSettings {
    std::vector<Endpoint> seeds{};
    Settings data{};
    /// How often the map is asked for without any cause.
    Duration refresh{60'000};
    /// The shortest time between two questions for the map.
    Duration pause{100};
    AddressMap addresses{};

    /// InvalidKey says which value is wrong.
    static Result<ClusterSettings> from(const spi::OptionValues& options);
    static std::vector<spi::OptionSpec> table();
};

}  // namespace oxcache::redis
