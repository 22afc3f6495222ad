#include "SentinelBus.h"

#include <utility>

#include "SentinelTopology.h"

namespace oxcache::redis {

using std::chrono::steady_clock;

void CoverageGate::onChanges(std::span<const spi::KeyChange> changes) {
    MutexLock lock(mutex_);
    listener_.onChanges(changes);
}

void CoverageGate::onGap(std::optional<unsigned> slotRange) {
    MutexLock lock(mutex_);
    listener_.onGap(slotRange);
}

void CoverageGate::onCoverage(bool covered) {
    MutexLock lock(mutex_);
    inner_ = covered;
    tell();
}

void CoverageGate::confirmed(bool confirmed) {
    MutexLock lock(mutex_);
    confirmed_ = confirmed;
    tell();
}

void CoverageGate::tell() {
    const bool covered = inner_ && confirmed_;
    if (covered == std::exchange(told_, covered)) return;
    if (covered && std::exchange(toldBefore_, true)) listener_.onGap(std::nullopt);
    listener_.onCoverage(covered);
}

SentinelBus::SentinelBus(const SentinelSettings& settings, const Make& make, const Log& log)
    : confirm_(settings.confirm),
      resolver_(std::make_shared<SentinelResolver>(settings)),
      watch_(resolver_, pollPace(settings), log),
      inner_(make([this](SteadyTime until) { return locate(until); })) {}

SentinelBus::~SentinelBus() { stop(); }

Result<Endpoint> SentinelBus::locate(SteadyTime until) {
    auto master = resolver_->locate(until);
    if (!master) return master;
    MutexLock lock(mutex_);
    used_ = master->text();
    return master;
}

std::string SentinelBus::used() const {
    MutexLock lock(mutex_);
    return used_;
}

Result<void> SentinelBus::start(spi::BusListener& listener) {
    MutexLock control(control_);
    if (gate_) return Error{ErrorCode::Unavailable, "redis bus: it has been started already"};
    gate_ = std::make_unique<CoverageGate>(listener, true);
    open_ = gate_.get();
    confirmation_ = std::make_unique<Confirmation>(confirm_, steady_clock::now());
    if (auto started = inner_->start(*gate_); !started) {
        gate_.reset();
        return started;
    }
    watch_.start([this](const Endpoint& master) { follow(master); },
                 [this](const SentinelResolver::Poll& poll) { judge(poll); });
    return {};
}

void SentinelBus::stop() noexcept {
    MutexLock control(control_);
    if (!gate_) return;
    // First who may start the bus again.
    watch_.stop();
    inner_->stop();
    gate_.reset();
}

// The old master may live on as a replica and keep the connection: nothing there says that it
// moved.
void SentinelBus::follow(const Endpoint& master) {
    const std::string before = used();
    if (before.empty() || before == master.text()) return;
    inner_->stop();
    open_->onCoverage(false);
    if (!inner_->start(*open_)) open_->confirmed(false);
}

void SentinelBus::judge(const SentinelResolver::Poll& poll) {
    const bool ours = poll.master && poll.master->text() == used();
    confirmation_->heard(ours ? poll.votes : 0, poll.voters, steady_clock::now());
    open_->confirmed(confirmation_->holds(steady_clock::now()));
}

}  // namespace oxcache::redis
