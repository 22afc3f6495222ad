#include "runtime/Housekeeper.h"

#include <utility>

namespace oxcache::runtime {
namespace {

constexpr Duration kPeriod{250};
/// Stores are asked for time and health every this many periods.
constexpr unsigned kProbeEvery = 20;

}  // namespace

void Housekeeper::start(std::vector<std::shared_ptr<ServiceRuntime>> services) {
    services_ = std::move(services);
    thread_ = std::thread([this] { run(); });
}

void Housekeeper::stop() noexcept {
    {
        MutexLock lock(mutex_);
        stopping_ = true;
        changed_.notifyAll();
    }
    if (thread_.joinable()) thread_.join();
    services_.clear();
}

void Housekeeper::run() {
    for (unsigned round = 1;; ++round) {
        {
            MutexLock lock(mutex_);
            const SteadyTime next = clock_.steady() + kPeriod;
            while (!stopping_ && clock_.waitUntil(changed_, mutex_, next)) {
            }
            if (stopping_) return;
        }
        for (const auto& service : services_) service->keepHouse(round % kProbeEvery == 0);
    }
}

}  // namespace oxcache::runtime
