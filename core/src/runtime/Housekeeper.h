#pragma once

#include <memory>
#include <thread>
#include <vector>

#include "oxcache/base/Clock.h"
#include "oxcache/base/Mutex.h"
#include "runtime/ServiceRuntime.h"

namespace oxcache::runtime {

/// The thread that does the services' regular work. start() and stop() belong to one thread.
class OXCACHE_INTERNAL Housekeeper {
public:
    explicit Housekeeper(Clock& clock) : clock_(clock) {}
    ~Housekeeper() { stop(); }
    Housekeeper(const Housekeeper&) = delete;
    Housekeeper& operator=(const Housekeeper&) = delete;

    void start(std::vector<std::shared_ptr<ServiceRuntime>> services);
    /// Ends and joins. May be called twice.
    void stop() noexcept;

private:
    void run();

    Clock& clock_;
    std::vector<std::shared_ptr<ServiceRuntime>> services_;
    Mutex mutex_;
    CondVar changed_;
    bool stopping_ OXCACHE_GUARDED_BY(mutex_) = false;
    std::thread thread_;
};

}  // namespace oxcache::runtime
