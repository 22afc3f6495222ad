#include "Bus.h"

#include <algorithm>
#include <utility>

#include "PubSubHearing.h"
#include "TrackingHearing.h"

namespace oxcache::redis {
namespace {

constexpr int kBeatsInBound = 3;
constexpr int kPingsInBound = 2;

}  // namespace

Bus::Bus(const Settings& settings, ListenPlan plan, MovedRanges moved, HearingFactory hearing,
         Duration bound, Log log)
    : settings_(settings),
      plan_(std::move(plan)),
      moved_(std::move(moved)),
      hearing_(std::move(hearing)),
      bound_(bound),
      log_(std::move(log)) {}

Bus::~Bus() { stop(); }

Result<void> Bus::start(spi::BusListener& listener) {
    MutexLock control(control_);
    if (thread_.joinable())
        return Error{ErrorCode::Unavailable, "redis bus: it has been started already"};
    {
        MutexLock lock(mutex_);
        running_ = true;
        covered_ = false;
        listener_ = &listener;
    }
    thread_ = std::thread([this] { run(); });
    return {};
}

void Bus::stop() noexcept {
    MutexLock control(control_);
    if (!thread_.joinable()) return;
    {
        MutexLock lock(mutex_);
        running_ = false;
        listener_ = nullptr;
        changed_.notifyAll();
    }
    thread_.join();
}

void Bus::run() {
    follow(plan_());
    for (;;) {
        {
            MutexLock lock(mutex_);
            const SteadyTime until = std::chrono::steady_clock::now() + settings_.beat;
            while (running_ && changed_.waitUntil(mutex_, until)) {
            }
            if (!running_) break;
        }
        follow(plan_());
        if (const std::vector<unsigned> moved = moved_(); !moved.empty()) gap(moved);
    }
    std::vector<std::unique_ptr<Listener>> ended;
    MutexLock lock(mutex_);
    ended.swap(listeners_);
    lock.unlock();
    ended.clear();
    lock.lock();
}

/// Listeners of points that are no more end outside the lock, for they may be about to take it.
void Bus::follow(std::vector<ListenPoint> points) {
    std::vector<std::unique_ptr<Listener>> ended;
    {
        MutexLock lock(mutex_);
        const bool first = listeners_.empty();
        const std::size_t before = listeners_.size();
        for (auto& listener : listeners_) {
            const auto same = std::find_if(points.begin(), points.end(), [&](const auto& point) {
                return point.name == listener->name();
            });
            if (same == points.end())
                ended.push_back(std::move(listener));
            else
                points.erase(same);
        }
        std::erase(listeners_, nullptr);
        for (ListenPoint& point : points) {
            auto hearing = hearing_(point);
            listeners_.push_back(std::make_unique<Listener>(
                settings_, std::move(point), std::move(hearing), static_cast<Ears&>(*this), log_));
        }
        if (listeners_.size() == before && ended.empty()) return;
        weigh();
        if (!first && listener_ != nullptr) listener_->onGap(std::nullopt);
    }
}

void Bus::changes(std::span<const spi::KeyChange> changes) {
    MutexLock lock(mutex_);
    if (listener_ != nullptr) listener_->onChanges(changes);
}

void Bus::gap(const std::vector<unsigned>& slotRanges) {
    MutexLock lock(mutex_);
    if (listener_ == nullptr) return;
    if (slotRanges.empty()) listener_->onGap(std::nullopt);
    for (const unsigned range : slotRanges) listener_->onGap(range);
}

void Bus::coverage() {
    MutexLock lock(mutex_);
    weigh();
}

void Bus::weigh() {
    const bool covered = !listeners_.empty() &&
                         std::all_of(listeners_.begin(), listeners_.end(),
                                     [](const auto& listener) { return listener->covered(); });
    if (std::exchange(covered_, covered) != covered && listener_ != nullptr)
        listener_->onCoverage(covered);
}

std::unique_ptr<spi::InvalidationBus> makeBus(const Settings& settings, ListenPlan plan,
                                              const spi::ExtensionContext& context,
                                              MovedRanges moved) {
    if (context.coherence == "tracking") {
        const auto hearing = [prefixes = prefixesOf(context.keyPrefix, context.markers)](
                                 const ListenPoint&) -> std::unique_ptr<Hearing> {
            return std::make_unique<TrackingHearing>(prefixes);
        };
        return std::make_unique<Bus>(settings, std::move(plan), std::move(moved), hearing,
                                     kPingsInBound * settings.beat + settings.reorder, context.log);
    }
    const auto hearing = [settings](const ListenPoint& point) -> std::unique_ptr<Hearing> {
        return std::make_unique<PubSubHearing>(settings, point.outlets);
    };
    return std::make_unique<Bus>(settings, std::move(plan), std::move(moved), hearing,
                                 kBeatsInBound * settings.beat + settings.reorder, context.log);
}

}  // namespace oxcache::redis
