#include "oxcache/CacheSubsystem.h"

#include <utility>

#include <Poco/Logger.h>

#include "runtime/ProcessDefault.h"

namespace oxcache {

namespace {

std::shared_ptr<CacheManager> managerOf(const Poco::Util::Application& application,
                                        const ManagerOptions& options) {
    return options.file.empty() ? CacheManager::fromConfiguration(application.config(), options)
                                : CacheManager::fromFile(options.file, options);
}

}  // namespace

CacheSubsystem::CacheSubsystem(ManagerOptions options) : options_(std::move(options)) {}

CacheSubsystem::~CacheSubsystem() = default;

const char* CacheSubsystem::name() const { return "Oxcache"; }

std::shared_ptr<CacheManager> CacheSubsystem::manager() const {
    if (!manager_) throw NotInitialized("the application has not initialized its subsystems");
    return manager_;
}

void CacheSubsystem::initialize(Poco::Util::Application& application) {
    manager_ = managerOf(application, options_);
    runtime::ProcessDefault::set(manager_);
}

void CacheSubsystem::uninitialize() {
    if (!manager_) return;
    runtime::ProcessDefault::take(manager_.get());
    std::exchange(manager_, nullptr)->shutdown();
}

void CacheSubsystem::reinitialize(Poco::Util::Application& application) {
    std::shared_ptr<CacheManager> next = managerOf(application, options_);
    const std::shared_ptr<CacheManager> former = std::exchange(manager_, next);
    if (!former) {
        runtime::ProcessDefault::set(next);
        return;
    }
    runtime::ProcessDefault::replace(former.get(), next);
    former->shutdown();
}

}  // namespace oxcache
