#include "SentinelWatch.h"

#include <algorithm>
#include <sstream>
#include <utility>

#include "../redis-common/CommandWriter.h"

namespace oxcache::redis {
namespace {

using std::chrono::steady_clock;

constexpr BytesView kSwitched = "+switch-master";
// All sentinels may be slow; a round of questions ends all the same.
constexpr Duration kPatience{5000};

Bytes command(std::initializer_list<BytesView> words) {
    Bytes bytes;
    CommandWriter(bytes).command(words);
    return bytes;
}

}  // namespace

SentinelWatch::SentinelWatch(std::shared_ptr<SentinelResolver> resolver, Duration pace, Log log)
    : resolver_(std::move(resolver)), pace_(pace), log_(std::move(log)) {}

SentinelWatch::~SentinelWatch() { stop(); }

void SentinelWatch::start(OnMaster onMaster, OnPoll onPoll) {
    onMaster_ = std::move(onMaster);
    onPoll_ = std::move(onPoll);
    {
        MutexLock lock(mutex_);
        running_ = true;
    }
    thread_ = std::thread([this] { run(); });
}

void SentinelWatch::stop() noexcept {
    {
        MutexLock lock(mutex_);
        running_ = false;
        if (dialogue_) dialogue_->shutdown();
        changed_.notifyAll();
    }
    if (thread_.joinable()) thread_.join();
}

bool SentinelWatch::running() const {
    MutexLock lock(mutex_);
    return running_;
}

void SentinelWatch::pause() {
    MutexLock lock(mutex_);
    const SteadyTime until = steady_clock::now() + pace_;
    while (running_ && changed_.waitUntil(mutex_, until)) {
    }
}

void SentinelWatch::run() {
    while (running()) {
        if (subscribe()) listen();
        {
            MutexLock lock(mutex_);
            dialogue_.reset();
            talk_ = nullptr;
        }
        // Another sentinel is next, and what was said meanwhile has been missed.
        if (!running()) return;
        ask();
        pause();
    }
}

bool SentinelWatch::subscribe() {
    auto made = resolver_->connect(steady_clock::now() + kPatience);
    if (!made) {
        note(made.error().message);
        return false;
    }
    {
        MutexLock lock(mutex_);
        if (!running_) return false;
        dialogue_ = std::make_unique<Dialogue>(std::move(*made));
        talk_ = dialogue_.get();
    }
    return talk_->send(command({"SUBSCRIBE", kSwitched}), steady_clock::now() + pace_).ok();
}

/// Until the connection ends or falls silent.
void SentinelWatch::listen() {
    SteadyTime heard = steady_clock::now();
    nextPoll_ = heard;
    while (running()) {
        if (steady_clock::now() >= nextPoll_) {
            ask();
            const SteadyTime now = steady_clock::now();
            nextPoll_ = now + pace_;
            // A question of its own, so that a connection that nobody ends is found out.
            if (!talk_->send(command({"PING"}), now + pace_)) return;
            if (now - heard > 2 * pace_ + kPatience) return;
        }
        const auto message = talk_->next(nextPoll_);
        if (!message) return;
        if (!*message) continue;
        heard = steady_clock::now();
        if ((*message)->isError()) return note("a sentinel answers: " + (*message)->text);
        hear(**message);
    }
}

void SentinelWatch::ask() {
    const SentinelResolver::Poll poll = resolver_->poll(steady_clock::now() + kPatience);
    if (!running()) return;
    if (poll.master) {
        if (std::exchange(silent_, false))
            log_(spi::LogLevel::Information,
                 "redis: sentinels answer again; the master is " + poll.master->text());
    } else {
        note(poll.error.message);
    }
    onPoll_(poll);
    if (poll.master && 2 * poll.votes > poll.voters) onMaster_(*poll.master);
}

/// `name oldip oldport newip newport`, of any master that the sentinel watches.
void SentinelWatch::hear(const Reply& message) {
    if (message.items.size() != 3 || message.items[0].text != "message") return;
    std::istringstream words(message.items[2].text);
    std::string name, oldHost, oldPort, host, port;
    words >> name >> oldHost >> oldPort >> host >> port;
    if (name != resolver_->master()) return;
    const auto named = endpointFrom("[" + host + "]:" + port);
    if (named) onMaster_(resolver_->reachable(*named));
}

void SentinelWatch::note(const std::string& problem) {
    if (!std::exchange(silent_, true))
        log_(spi::LogLevel::Warning, problem + "; what is connected stays connected");
}

}  // namespace oxcache::redis
