#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "host/PluginHost.h"
#include "oxcache/spi/Plugin.h"

namespace oxcache::testing {

/// A plugin file, loaded as a process loads it. Everything made from it is destroyed before it.
class LoadedPlugin {
public:
    explicit LoadedPlugin(const std::string& file);

    spi::PluginInfo info() const { return offer_->info; }
    const std::vector<spi::OptionSpec>& table() const { return offer_->options; }

    /// A fallback from options as they stand in a file (`routes.users.match`, `user:{id}`). An
    /// option that the configuration refuses is the Error, too.
    Result<std::unique_ptr<spi::FallbackStore>> fallback(
        const std::vector<std::pair<std::string, std::string>>& options, Clock& clock) const;

    /// What the plugin wrote to the log.
    const std::vector<std::string>& logged() const { return logged_; }

private:
    host::PluginHost host_{{}};
    const host::Offer* offer_;
    mutable std::vector<std::string> logged_;
};

}  // namespace oxcache::testing
