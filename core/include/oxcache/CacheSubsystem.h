#pragma once

#include <memory>

#include <Poco/Util/Application.h>
#include <Poco/Util/Subsystem.h>

#include "oxcache/CacheManager.h"
#include "oxcache/base/Export.h"

namespace oxcache {

/// Oxcache in a Poco application: `addSubsystem(new oxcache::CacheSubsystem)`. Reads the
/// application's own configuration under `oxcache.` (or the options' file, whose lines are then
/// named in errors) when the application initializes. Its manager
/// also serves getClient() and cached() where init() was not called. An unusable configuration
/// throws ConfigurationError out of initialize().
class OXCACHE_API CacheSubsystem : public Poco::Util::Subsystem {
public:
    explicit CacheSubsystem(ManagerOptions options = {});

    const char* name() const override;
    /// The running manager; throws NotInitialized before initialize() and after uninitialize().
    std::shared_ptr<CacheManager> manager() const;

protected:
    void initialize(Poco::Util::Application& application) override;
    void uninitialize() override;
    /// Reads the configuration again: a manager over the changed configuration replaces the old
    /// one; where it is unusable the old one goes on and the error is thrown.
    void reinitialize(Poco::Util::Application& application) override;
    ~CacheSubsystem() override;

private:
    ManagerOptions options_;
    std::shared_ptr<CacheManager> manager_;
};

}  // namespace oxcache
