#include "Listener.h"

#include <algorithm>
#include <utility>

#include "CommandWriter.h"

namespace oxcache::redis {
namespace {

using std::chrono::steady_clock;

constexpr int kSilentPings = 2;
constexpr Duration kRetryPause{100};
constexpr std::size_t kBufferBytes = std::size_t{64} << 10;

}  // namespace

Listener::Listener(const Settings& settings, ListenPoint point, std::unique_ptr<Hearing> hearing,
                   Ears& ears, Log log)
    : settings_(settings),
      point_(std::move(point)),
      connector_(settings, point_.locator),
      ears_(ears),
      log_(std::move(log)),
      hearing_(std::move(hearing)),
      buffer_(kBufferBytes),
      thread_([this] { run(); }) {}

Listener::~Listener() {
    {
        MutexLock lock(mutex_);
        running_ = false;
        if (transport_) transport_->shutdown();
        changed_.notifyAll();
    }
    thread_.join();
}

bool Listener::running() const {
    MutexLock lock(mutex_);
    return running_;
}

void Listener::run() {
    while (running()) {
        if (begin()) {
            const std::string why = listen();
            if (running()) lose(why);
        }
        {
            MutexLock lock(mutex_);
            transport_.reset();
            wire_ = nullptr;
        }
        pause();
    }
}

void Listener::pause() {
    MutexLock lock(mutex_);
    const SteadyTime until = steady_clock::now() + kRetryPause;
    while (running_ && changed_.waitUntil(mutex_, until)) {
    }
}

bool Listener::begin() {
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
    lastRead_ = lastPing_ = steady_clock::now();
    return send(hearing_->begin(*made, lastRead_)).empty();
}

/// Until the connection ends; says why.
std::string Listener::listen() {
    std::vector<Reply> messages;
    for (;;) {
        const SteadyTime until = std::min({lastPing_ + settings_.beat, deadAt(), hearing_->due()});
        messages.clear();
        std::string why = receive(messages, until);
        if (why.empty()) why = attend(messages);
        if (why.empty()) why = keepAlive();
        if (!why.empty() || !running()) return why;
    }
}

std::string Listener::receive(std::vector<Reply>& messages, SteadyTime until) {
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

std::string Listener::attend(const std::vector<Reply>& messages) {
    const SteadyTime now = steady_clock::now();
    Heard heard;
    std::string why;
    for (const Reply& message : messages) {
        why = hearing_->hear(message, now, heard);
        if (!why.empty()) break;
    }
    hearing_->tick(now, heard);
    tell(heard);
    return why;
}

void Listener::tell(const Heard& heard) {
    if (!heard.changes.empty()) ears_.changes(heard.changes);
    if (heard.lost || (heard.covered && std::exchange(lostBefore_, false)))
        ears_.gap(point_.slotRanges);
    if (!heard.covered) return;
    covered_.store(true, std::memory_order_release);
    ears_.coverage();
    if (std::exchange(logged_, false)) log_(spi::LogLevel::Information, "redis bus: listens again");
}

/// When silence is the end of the connection; part of the declared bound.
SteadyTime Listener::deadAt() const {
    return lastRead_ + kSilentPings * settings_.beat + settings_.reorder;
}

// A connection that nobody ends can be dead all the same.
std::string Listener::keepAlive() {
    const SteadyTime now = steady_clock::now();
    if (now >= deadAt()) return "the server does not answer";
    if (now - lastPing_ < settings_.beat) return {};
    lastPing_ = now;
    Bytes command;
    CommandWriter(command).command({"PING"});
    return send(command);
}

std::string Listener::send(BytesView command) {
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

void Listener::lose(const std::string& why) {
    lostBefore_ = true;
    if (covered_.exchange(false)) ears_.coverage();
    if (!std::exchange(logged_, true)) log_(spi::LogLevel::Warning, "redis bus: " + why);
}

}  // namespace oxcache::redis
