#pragma once

#include <string>
#include <vector>

#include "../redis-common/AddressMap.h"
#include "../redis-common/Settings.h"

namespace oxcache::redis {

/// Which master is meant, who knows where it is, and how both are met.
struct SentinelSettings {
    std::vector<Endpoint> sentinels{};
    std::string master{};
    /// For the master; only a master will do.
    Settings data{};
    /// For the sentinels: login, TLS and patience of their own.
    Settings watch{};
    /// Without a majority's word for so long a master is not trusted with coherence.
    Duration confirm{10'000};
    AddressMap addresses{};

    /// InvalidKey says which value is wrong.
    static Result<SentinelSettings> from(const spi::OptionValues& options);
    static std::vector<spi::OptionSpec> table();
};

}  // namespace oxcache::redis
