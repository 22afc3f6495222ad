#include "ChangeLogBus.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "Failure.h"

namespace oxcache::embedded {
namespace {

// A change waits for one poll; the rest is for reading it and for a thread that is woken late.
constexpr int kPollsInBound = 5;

// No wait is longer than a poll, so that stop() is prompt; the next poll tries again.
Settings impatient(Settings settings) {
    settings.busyTimeout = std::min(settings.busyTimeout, settings.pollInterval);
    return settings;
}

}  // namespace

ChangeLogBus::ChangeLogBus(const Settings& settings, Clock& clock, const Log& log)
    : settings_(impatient(settings)), clock_(clock), log_(log), file_(settings_, clock, log) {}

ChangeLogBus::~ChangeLogBus() { stop(); }

Result<void> ChangeLogBus::start(spi::BusListener& listener) {
    MutexLock control(control_);
    if (thread_.joinable())
        return Error{ErrorCode::Unavailable, "embedded bus: it has been started already"};
    {
        MutexLock lock(mutex_);
        running_ = true;
    }
    lost_ = false;
    thread_ = std::thread([this, &listener] { run(listener); });
    return {};
}

void ChangeLogBus::stop() noexcept {
    MutexLock control(control_);
    if (!thread_.joinable()) return;
    {
        MutexLock lock(mutex_);
        running_ = false;
        changed_.notifyAll();
    }
    thread_.join();
    reader_.reset();
}

Duration ChangeLogBus::stalenessBound() const noexcept {
    return settings_.pollInterval * kPollsInBound;
}

void ChangeLogBus::run(spi::BusListener& listener) {
    MutexLock lock(mutex_);
    while (running_) {
        lock.unlock();
        poll(listener);
        lock.lock();
        const SteadyTime next = clock_.steady() + settings_.pollInterval;
        while (running_ && clock_.waitUntil(changed_, mutex_, next)) {
        }
    }
}

void ChangeLogBus::poll(spi::BusListener& listener) {
    try {
        if (reader_ && reader_->database().moved()) {
            file_.abandon(reader_->database(), Deadline::in(clock_, settings_.pollInterval));
            disconnect(listener, "another file took its place", false);
        }
        if (!reader_) connect(listener);
        reader_->database().waitUntil(Deadline::in(clock_, settings_.pollInterval));
        if (reader_->anythingNew()) deliver(listener);
        busyPolls_ = 0;
    } catch (const Failure& failure) {
        const bool held =
            failure.kind() == FailureKind::Busy || failure.kind() == FailureKind::Late;
        busyPolls_ = held ? busyPolls_ + 1 : 0;
        disconnect(listener, failure.what(), held && busyPolls_ < kPollsInBound);
    } catch (const std::exception& problem) {
        disconnect(listener, problem.what(), false);
    }
}

void ChangeLogBus::connect(spi::BusListener& listener) {
    reader_ = std::make_unique<ChangeReader>(
        file_.openSound(Deadline::in(clock_, settings_.pollInterval)));
    if (std::exchange(lost_, false)) listener.onGap(std::nullopt);
    listener.onCoverage(true);
    if (std::exchange(logged_, false))
        log_(spi::LogLevel::Information, "embedded bus " + file_.path() + ": listens again");
}

void ChangeLogBus::deliver(spi::BusListener& listener) {
    for (bool more = true; more;) {
        const ChangeReader::Batch batch = reader_->next();
        more = batch.full;
        if (batch.gap) listener.onGap(std::nullopt);
        std::vector<spi::KeyChange> changes;
        for (const ChangeReader::Change& change : batch.changes)
            changes.push_back({change.key, change.version});
        if (!changes.empty()) listener.onChanges(changes);
    }
}

/// A corrupt file is left to the store, which moves it aside at its next call; the bus then finds
/// another file. A lock that others hold for a moment, as the store does when it opens, is not
/// news.
void ChangeLogBus::disconnect(spi::BusListener& listener, const std::string& why, bool passing) {
    reader_.reset();
    if (!std::exchange(lost_, true)) listener.onCoverage(false);
    if (!passing && !std::exchange(logged_, true))
        log_(spi::LogLevel::Warning, "embedded bus " + file_.path() + ": " + why);
}

}  // namespace oxcache::embedded
