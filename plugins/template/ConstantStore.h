#pragma once

#include <map>
#include <string>

#include "oxcache/spi/Plugin.h"

/// A database that is written in the configuration: `values.NAME` is the value of the key `NAME`.
/// Immutable, so thread-safe.
class ConstantStore final : public oxcache::spi::FallbackStore {
public:
    explicit ConstantStore(const oxcache::spi::ExtensionContext& context);

    std::vector<oxcache::Result<oxcache::spi::FallbackReply>> load(
        std::span<const oxcache::Key> keys, oxcache::Deadline deadline) override;
    oxcache::Result<void> ping(oxcache::Deadline deadline) override;
    std::uint64_t queries() const noexcept override { return 0; }

private:
    oxcache::Result<oxcache::spi::FallbackReply> reply(oxcache::Key key) const;

    const oxcache::Clock& clock_;
    /// Keys that begin with it have a route; all others have none.
    const std::string prefix_;
    std::map<std::string, std::string, std::less<>> values_;
};
