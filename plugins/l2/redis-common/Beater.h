#pragma once

#include <memory>
#include <thread>

#include "Topology.h"
#include "oxcache/base/Mutex.h"

namespace oxcache::redis {

/// Says at a fixed pace how many messages each lane has published, so that a receiver notices the
/// loss of the last one; says goodbye at the end. A lane that never published stays silent.
class Beater {
public:
    Beater(std::shared_ptr<Topology> topology, Clock& clock, Duration pace);
    ~Beater();

    /// Ends; lanes that are connected say goodbye.
    void stop() noexcept;

private:
    void run();
    void beat(bool goodbye);

    const std::shared_ptr<Topology> topology_;
    Clock& clock_;
    const Duration pace_;
    Mutex mutex_;
    CondVar changed_;
    bool running_ OXCACHE_GUARDED_BY(mutex_) = true;
    std::thread thread_;
};

}  // namespace oxcache::redis
