#include "PubSubBus.h"

#include <algorithm>
#include <utility>

#include "CommandWriter.h"

namespace oxcache::redis {
namespace {

using std::chrono::steady_clock;

constexpr int kBeatsInBound = 3;
constexpr int kSilentPings = 2;
constexpr Duration kRetryPause{100};
constexpr std::size_t kBufferBytes = std::size_t{64} << 10;

}  // namespace

PubSubBus::PubSubBus(const Settings& settings, Locator locator, Bytes channel, Log log)
    : settings_(settings),
      connector_(settings, std::move(locator)),
      channel_(std::move(channel)),
      log_(std::move(log)),
      buffer_(kBufferBytes),
      book_(settings.beat, settings.reorder) {}

PubSubBus::~PubSubBus() { stop(); }

Result<void> PubSubBus::start(spi::BusListener& listener) {
    MutexLock control(control_);
    if (thread_.joinable())
        return Error{ErrorCode::Unavailable, "redis bus: it has been started already"};
    {
        MutexLock lock(mutex_);
        running_ = true;
    }
    lostBefore_ = false;
    thread_ = std::thread([this, &listener] { run(listener); });
    return {};
}

void PubSubBus::stop() noexcept {
    MutexLock control(control_);
    if (!thread_.joinable()) return;
    {
        MutexLock lock(mutex_);
        running_ = false;
        if (transport_) transport_->shutdown();
        changed_.notifyAll();
    }
    thread_.join();
}

Duration PubSubBus::stalenessBound() const noexcept {
    return kBeatsInBound * settings_.beat + settings_.reorder;
}

bool PubSubBus::running() const {
    MutexLock lock(mutex_);
    return running_;
}

void PubSubBus::run(spi::BusListener& listener) {
    while (running()) {
        if (subscribe()) {
            const std::string why = listen(listener);
            if (running()) lose(why, listener);
        }
        {
            MutexLock lock(mutex_);
            transport_.reset();
            wire_ = nullptr;
        }
        pause();
    }
    covered_ = false;
}

void PubSubBus::pause() {
    MutexLock lock(mutex_);
    const SteadyTime until = steady_clock::now() + kRetryPause;
    while (running_ && changed_.waitUntil(mutex_, until)) {
    }
}

bool PubSubBus::subscribe() {
    auto made = connector_.connect({}, SteadyTime::max());
    if (!made) {
        lostBefore_ = true;
        if (!std::exchange(logged_, true))
            log_(spi::LogLevel::Warning, "redis bus: " + made.error().message);
        return false;
    }
    {
        MutexLock lock(mutex_);
        if (!running_) return false;
        transport_ = std::move(made->transport);
        wire_ = transport_.get();
    }
    parser_ = std::make_unique<RespParser>();
    book_.forget();
    subscribed_ = covered_ = false;
    coverAt_ = SteadyTime::max();
    lastRead_ = lastPing_ = steady_clock::now();
    Bytes command;
    CommandWriter(command).command({"SUBSCRIBE", channel_});
    return send(command).empty();
}

/// Until the connection ends; says why.
std::string PubSubBus::listen(spi::BusListener& listener) {
    std::vector<Reply> messages;
    for (;;) {
        const SteadyTime until = std::min({lastPing_ + settings_.beat, coverAt_, book_.due()});
        messages.clear();
        std::string why = receive(messages, until);
        if (why.empty()) why = attend(messages, listener);
        if (why.empty()) why = keepAlive();
        if (!why.empty() || !running()) return why;
    }
}

std::string PubSubBus::receive(std::vector<Reply>& messages, SteadyTime until) {
    IoResult got = wire_->receive(buffer_.data(), buffer_.size(), false);
    if (got.status == IoResult::Status::WouldBlock && wire_->awaitReadable(until))
        got = wire_->receive(buffer_.data(), buffer_.size(), false);
    if (got.status == IoResult::Status::Closed) return got.why;
    BytesView bytes(buffer_.data(), got.bytes);
    if (!bytes.empty()) lastRead_ = steady_clock::now();
    while (!bytes.empty()) {
        const RespParser::Status status = parser_->feed(bytes);
        if (status == RespParser::Status::Failed) return parser_->error();
        if (status == RespParser::Status::Ready) messages.push_back(parser_->take());
    }
    return {};
}

/// Tells the listener what came and what did not.
std::string PubSubBus::attend(std::vector<Reply>& messages, spi::BusListener& listener) {
    const SteadyTime now = steady_clock::now();
    std::vector<spi::KeyChange> changes;
    bool lost = false;
    for (const Reply& message : messages) {
        if (message.isError()) return "the server refused to subscribe: " + message.text;
        if (!message.isList() || message.items.size() != 3) continue;
        if (message.items[0].text == "subscribe" && !std::exchange(subscribed_, true))
            coverAt_ = now + settings_.beat + settings_.reorder;
        if (message.items[0].text != "message") continue;
        const auto decoded = Announcement::decode(message.items[2].text);
        if (!decoded) {
            lost = true;
            continue;
        }
        lost = book_.heard(*decoded, now) || lost;
        changes.insert(changes.end(), decoded->changes.begin(), decoded->changes.end());
    }
    if (!changes.empty()) listener.onChanges(changes);
    lost = book_.tick(now) || lost;
    if (!covered_ && now >= coverAt_) {
        covered_ = true;
        coverAt_ = SteadyTime::max();
        book_.settle();
        if (std::exchange(lostBefore_, false)) listener.onGap(std::nullopt);
        listener.onCoverage(true);
        if (std::exchange(logged_, false))
            log_(spi::LogLevel::Information, "redis bus: listens again");
    } else if (lost) {
        listener.onGap(std::nullopt);
    }
    return {};
}

// A connection that nobody ends can be dead all the same.
std::string PubSubBus::keepAlive() {
    const SteadyTime now = steady_clock::now();
    if (now - lastRead_ >= kSilentPings * settings_.beat + settings_.reorder)
        return "the server does not answer";
    if (now - lastPing_ < settings_.beat) return {};
    lastPing_ = now;
    Bytes command;
    CommandWriter(command).command({"PING"});
    return send(command);
}

std::string PubSubBus::send(BytesView command) {
    const SteadyTime until = steady_clock::now() + settings_.beat;
    while (!command.empty()) {
        IoResult sent = wire_->send(command.data(), command.size());
        if (sent.status == IoResult::Status::Closed) return std::move(sent.why);
        if (sent.status == IoResult::Status::WouldBlock && !wire_->awaitWritable(until))
            return "the server takes nothing";
        command.remove_prefix(sent.bytes);
    }
    return {};
}

void PubSubBus::lose(const std::string& why, spi::BusListener& listener) {
    lostBefore_ = true;
    if (std::exchange(covered_, false)) listener.onCoverage(false);
    if (!std::exchange(logged_, true)) log_(spi::LogLevel::Warning, "redis bus: " + why);
}

}  // namespace oxcache::redis
