#include "Lane.h"

#include <algorithm>
#include <limits>
#include <thread>
#include <utility>

namespace oxcache::redis {
namespace {

using std::chrono::steady_clock;

// While so many calls are written and unanswered, further ones gather until the reader has
// delivered something: it writes them in one go. A server answers in order, so they lose nothing.
constexpr std::size_t kDirectCalls = 2;
constexpr std::size_t kBufferBytes = std::size_t{64} << 10;
constexpr std::size_t kKeptBytes = std::size_t{4} << 20;
// A connection that rested so long is looked at before a write is trusted to it.
constexpr Duration kRested{100};
constexpr Duration kFirstPause{50};
constexpr unsigned kMostDoublings = 10;
// Waking a thread on an idle processor takes as long as a near server takes to answer: a lone
// caller watches for that long before it sleeps. Where that is in vain it sleeps at once, twice as
// often each time.
constexpr std::chrono::microseconds kWatch{50};
constexpr unsigned kMostVain = 10;
// Who called so often in a row is alone; others would need the processor that watching takes.
constexpr unsigned kLoneCalls = 16;
// Who waits for another's reading first lets others run so often: where many threads call, the
// answer is there afterwards, and nobody had to put it to sleep and wake it.
constexpr int kGiveWay = 4;

std::uint64_t randomNumber() {
    std::random_device device;
    return (std::uint64_t{device()} << 32) | device();
}

}  // namespace

Lane::Lane(const Settings& settings, const Connector& connector, LaneCounters& counters,
           std::function<void(const std::string&)> warn)
    : settings_(settings),
      connector_(connector),
      counters_(counters),
      warn_(std::move(warn)),
      stream_(randomNumber()),
      pipeline_(settings.queueCommands, settings.queueBytes),
      random_(static_cast<std::minstd_rand::result_type>(stream_)),
      buffer_(kBufferBytes) {}

Lane::~Lane() { close(); }

void Lane::submit(Call& call, SteadyTime until) {
    thread_local char caller;
    MutexLock lock(mutex_);
    inARow_ = std::exchange(lastCaller_, &caller) == &caller ? inARow_ + 1 : 0;
    if (!connect(call, until) || !makeRoom(call, until)) return leave();
    call.connection = connection_;
    pipeline_.append(call);
    counters_.commands.fetch_add(call.commands, std::memory_order_relaxed);
    if (!writing_ && (pipeline_.sent() < kDirectCalls || !reading_)) write(until);
}

void Lane::await(Call& call, SteadyTime until) {
    bool signalled = false;
    mutex_.lock();
    while (!call.finished) {
        if (!reading_) {
            reading_ = true;
            read(call, until);
            reading_ = false;
            stirred();
            if (!call.finished) endLate(call);
            break;
        }
        call.waiting = true;
        mutex_.unlock();
        for (int gave = 0; gave < kGiveWay && !call.signal.there(); ++gave)
            std::this_thread::yield();
        const Signal::Value value = call.signal.wait(until);
        // Complete, and whoever completed it has the reading: nothing else is to be done.
        if (value == Signal::Done) return;
        mutex_.lock();
        call.waiting = false;
        if (appointed_ == &call) {
            appointed_ = nullptr;
            reading_ = false;
        }
        if (value == Signal::None && !call.finished) endLate(call);
    }
    call.waiting = false;
    leave();
    signalled = call.signalled;
    mutex_.unlock();
    // The call is the caller's again only when nobody will touch its signal any more.
    while (signalled && call.signal.wait(SteadyTime::max()) != Signal::Done) {
    }
}

std::uint64_t Lane::published() const {
    MutexLock lock(mutex_);
    return pipeline_.lastNumber();
}

bool Lane::connected() const {
    MutexLock lock(mutex_);
    return transport_ != nullptr;
}

void Lane::renew(std::uint64_t connection) {
    MutexLock lock(mutex_);
    if (transport_ && connection_ == connection) outdated_ = true;
}

void Lane::renewUnless(const std::string& server) {
    MutexLock lock(mutex_);
    if (transport_ && server_ != server) outdated_ = true;
}

void Lane::close() {
    MutexLock lock(mutex_);
    closed_ = true;
    if (transport_) breakOff("it was closed");
    changed_.notifyAll();
}

/// True when there is a connection; else the call has ended.
bool Lane::connect(Call& call, SteadyTime until) {
    for (;;) {
        if (closed_) {
            refuse(call, Call::End::Refused, ErrorCode::Closed, "the store was closed");
            return false;
        }
        const SteadyTime now = steady_clock::now();
        if (transport_ && pipeline_.empty() && !reading_ && now - lastRead_ > kRested &&
            transport_->disturbed())
            breakOff("the server ended the connection while it rested");
        if (transport_ && outdated_ && pipeline_.empty() && idle())
            breakOff("another server has to be asked");
        if (transport_) return true;
        if (now >= until) {
            refuse(call, Call::End::Refused, ErrorCode::Timeout,
                   "no connection before the deadline" +
                       (lastError_ ? "; " + lastError_.message : std::string()));
            return false;
        }
        if (!idle()) {
            ++watchers_;
            changed_.waitUntil(mutex_, until);
            --watchers_;
            continue;
        }
        if (now < nextAttempt_) {
            call.error = lastError_;
            call.end = Call::End::NotSent;
            call.finished = true;
            return false;
        }
        attempt(until);
    }
}

void Lane::attempt(SteadyTime until) {
    connecting_ = true;
    const std::vector<ClientIdentity> fences = fences_;
    mutex_.unlock();
    Result<Connection> made = connector_.connect(fences, until);
    mutex_.lock();
    connecting_ = false;
    changed_.notifyAll();
    if (!made) {
        const Duration pause = std::min(settings_.reconnectMax,
                                        kFirstPause * (1 << std::min(failures_, kMostDoublings)));
        // Full jitter above the first pause: processes that lost one server do not return as one.
        std::uniform_int_distribution<std::int64_t> jitter(kFirstPause.count(), pause.count());
        nextAttempt_ = steady_clock::now() + Duration(jitter(random_));
        if (failures_++ == 0) warn_(made.error().message);
        lastError_ = std::move(made).error();
        if (lastError_.code == ErrorCode::Timeout) lastError_.code = ErrorCode::Unavailable;
        return;
    }
    if (closed_) return;
    counters_.connects.fetch_add(1, std::memory_order_relaxed);
    counters_.fences.fetch_add(fences.size(), std::memory_order_relaxed);
    if (made->fenceRefused || !made->identity) {
        counters_.fencesRefused.fetch_add(1, std::memory_order_relaxed);
        warn_("redis " + made->server +
              ": this user may not CLIENT INFO or CLIENT KILL, so a write that was on its way when "
              "a connection was lost can still overtake a later one; allow it by ACL: "
              "+client|info +client|kill");
    }
    fences_.clear();
    transport_ = std::move(made->transport);
    server_ = std::move(made->server);
    identity_ = made->identity;
    lastRead_ = dueSince_ = steady_clock::now();
    ++connection_;
    outdated_ = false;
    failures_ = 0;
    lastError_ = {};
    outgoing_ = 0;
    parser_.emplace(RespLimits{std::max(settings_.maxValue, std::size_t{1} << 20)});
    received_.clear();
    out_.clear();
    outSent_ = 0;
}

bool Lane::makeRoom(Call& call, SteadyTime until) {
    while (outdated_ || !pipeline_.accepts(call)) {
        if (steady_clock::now() >= until) {
            lookAlive();
            if (outdated_) {
                refuse(call, Call::End::Refused, ErrorCode::Timeout,
                       "the connection leads to a server that is not to be used any more, and has"
                       " not emptied before the deadline (" +
                           state() + ")");
                return false;
            }
            counters_.overloads.fetch_add(1, std::memory_order_relaxed);
            refuse(call, Call::End::Refused, ErrorCode::Overloaded,
                   "too many commands are under way (" + state() +
                       "); raise queue_commands or queue_bytes, or add connections");
            return false;
        }
        if (!reading_) {
            // Nobody waits for what fills the queue; its replies have to be read all the same.
            reading_ = true;
            readOnce(nullptr, until);
            reading_ = false;
            stirred();
        } else {
            ++watchers_;
            changed_.waitUntil(mutex_, until);
            --watchers_;
        }
        if (!connect(call, until)) return false;
    }
    return true;
}

/// Sends what waits, as one; stops at the deadline with a part still to go.
void Lane::write(SteadyTime until) {
    if (!transport_) return;
    writing_ = true;
    const std::shared_ptr<Transport> transport = transport_;
    std::string why;
    while (transport_ == transport && (outSent_ < out_.size() || pipeline_.pending())) {
        if (outSent_ == out_.size()) {
            out_.clear();
            if (out_.capacity() > kKeptBytes) Bytes().swap(out_);
            outSent_ = 0;
            if (pipeline_.sent() == 0) {
                dueSince_ = steady_clock::now();
                outgoing_ = 0;
            }
            pipeline_.takePending(out_);
            counters_.flushes.fetch_add(1, std::memory_order_relaxed);
        }
        mutex_.unlock();
        bool late = false;
        while (why.empty() && !late && outSent_ < out_.size()) {
            IoResult sent = transport->send(out_.data() + outSent_, out_.size() - outSent_);
            if (sent.status == IoResult::Status::Closed) why = std::move(sent.why);
            if (sent.status == IoResult::Status::WouldBlock) {
                late = !transport->awaitWritable(until);
                if (!late) flowed();
            }
            outSent_ += sent.bytes;
        }
        mutex_.lock();
        // Others may gather while there is a reader who will write for them.
        if (late || !why.empty() || reading_) break;
    }
    writing_ = false;
    if (transport_ != transport) {
        out_.clear();
        outSent_ = 0;
    } else if (!why.empty()) {
        breakOff(why);
    }
    stirred();
}

void Lane::read(const Call& call, SteadyTime until) {
    while (!call.finished && readOnce(&call, until)) {
    }
}

/// The network took more of a request that is longer than its buffers.
void Lane::flowed() {
    MutexLock lock(mutex_);
    dueSince_ = steady_clock::now();
    outgoing_ = std::numeric_limits<std::size_t>::max();
}

/// Writes what waits, reads what came and delivers it; `own` is the reader's call, which needs no
/// waking. False when the deadline passed or the connection ended.
bool Lane::readOnce(const Call* own, SteadyTime until) {
    if (!writing_ && (pipeline_.pending() || outSent_ < out_.size())) write(until);
    if (!transport_) return false;
    if (own != nullptr && own->finished) return true;
    const std::shared_ptr<Transport> transport = transport_;
    const bool alone =
        own != nullptr && inARow_ >= kLoneCalls && pipeline_.commands() == own->commands;
    mutex_.unlock();
    const std::string why = receive(*transport, alone, until);
    mutex_.lock();
    if (transport_ != transport) return false;
    const bool got = !received_.empty();
    delivered_.clear();
    const bool matched = pipeline_.deliver(received_, delivered_);
    std::erase(delivered_, own);
    for (Call* call : delivered_) call->signalled = true;
    if (heard_) lastRead_ = steady_clock::now();
    if (got) stirred();
    if (!why.empty() || !matched)
        breakOff(why.empty() ? "protocol error: a reply that nothing asked for" : why);
    else if (!got)
        lookAlive();
    if (!delivered_.empty()) {
        mutex_.unlock();
        for (Call* call : delivered_) call->signal.set(Signal::Done);
        mutex_.lock();
    }
    return transport_ == transport && (got || steady_clock::now() < until);
}

/// Reads once and parses into received_; says why the connection has to end, if it has.
std::string Lane::receive(Transport& transport, bool alone, SteadyTime until) {
    const std::span<char> room = parser_->room();
    char* const at = room.empty() ? buffer_.data() : room.data();
    const std::size_t size = room.empty() ? buffer_.size() : room.size();
    IoResult got{IoResult::Status::WouldBlock, 0, {}};
    if (alone) got = watch(transport, at, size);
    if (got.status == IoResult::Status::WouldBlock) {
        const bool near = until - steady_clock::now() < Transport::kTick;
        got = transport.receive(at, size, !near);
        if (near && got.status == IoResult::Status::WouldBlock && transport.awaitReadable(until))
            got = transport.receive(at, size, false);
    }
    heard_ = got.bytes > 0;
    if (!room.empty()) parser_->filled(got.bytes);
    if (got.status == IoResult::Status::Closed) return std::move(got.why);
    BytesView bytes(buffer_.data(), room.empty() ? got.bytes : 0);
    while (!bytes.empty()) {
        const RespParser::Status status = parser_->feed(bytes);
        if (status == RespParser::Status::Failed) return parser_->error();
        if (status == RespParser::Status::Ready) received_.push_back(parser_->take());
    }
    return {};
}

IoResult Lane::watch(Transport& transport, char* at, std::size_t size) {
    static const bool kProcessors = std::thread::hardware_concurrency() > 1;
    IoResult got{IoResult::Status::WouldBlock, 0, {}};
    if (!kProcessors) return got;
    if (unwatched_ > 0) {
        --unwatched_;
        return got;
    }
    counters_.watches.fetch_add(1, std::memory_order_relaxed);
    const SteadyTime end = steady_clock::now() + kWatch;
    do got = transport.receive(at, size, false);
    while (got.status == IoResult::Status::WouldBlock && steady_clock::now() < end);
    if (got.status != IoResult::Status::WouldBlock)
        vain_ = 0;
    else
        unwatched_ = (1U << (vain_ = std::min(vain_ + 1, kMostVain))) - 2;
    return got;
}

void Lane::breakOff(const std::string& why) {
    counters_.losses.fetch_add(1, std::memory_order_relaxed);
    const Error error{ErrorCode::Unavailable,
                      "redis " + server_ + ": the connection was lost: " + why};
    transport_->shutdown();
    transport_.reset();
    outdated_ = false;
    std::vector<Call*> ended;
    if (pipeline_.fail(error, ended) && identity_) fences_.push_back(identity_);
    lastError_ = error;
    nextAttempt_ = {};
    if (!writing_) {
        out_.clear();
        outSent_ = 0;
    }
    // Who was to read next ends with the others.
    if (std::exchange(appointed_, nullptr) != nullptr) reading_ = false;
    for (Call* call : ended)
        if (call->waiting) {
            call->signalled = true;
            call->signal.set(Signal::Done);
        }
    stirred();
}

// A server that stopped, or a network that swallows, says nothing: silence while an answer is due
// is what there is to see.
void Lane::lookAlive() {
    if (!transport_ || pipeline_.sent() == 0) return;
    const SteadyTime now = steady_clock::now();
    if (now - std::max(lastRead_, dueSince_) < settings_.liveness) return;
    // What is left of a long request in the kernel's buffers flows, or does not.
    if (outgoing_ > 0) {
        const std::size_t before = std::exchange(outgoing_, transport_->outgoing());
        if (outgoing_ < before) {
            dueSince_ = now;
            return;
        }
    }
    breakOff("nothing came for " + std::to_string(settings_.liveness.count()) +
             " ms although an answer was due (liveness)");
}

void Lane::endLate(Call& call) {
    if (call.finished) return;
    const std::string where = state();
    const bool forgotten = pipeline_.abandon(call);
    counters_.timeouts.fetch_add(1, std::memory_order_relaxed);
    refuse(call, forgotten ? Call::End::Refused : Call::End::Late, ErrorCode::Timeout,
           "no answer before the deadline (" + where + ")");
    lookAlive();
}

/// Somebody who waits takes the reading over where nobody has it.
void Lane::leave() {
    if (reading_ || pipeline_.empty()) return;
    appointed_ = pipeline_.oldestWaiting();
    if (appointed_ == nullptr) return;
    reading_ = true;
    appointed_->signal.set(Signal::Lead);
}

void Lane::stirred() {
    if (watchers_ > 0) changed_.notifyAll();
}

void Lane::refuse(Call& call, Call::End end, ErrorCode code, const std::string& what) const {
    call.end = end;
    call.error = {code, "redis: " + what};
    call.finished = true;
}

std::string Lane::state() const {
    const auto age = std::chrono::duration_cast<Duration>(steady_clock::now() - lastRead_);
    return std::to_string(pipeline_.commands()) + " commands under way, " +
           std::to_string(pipeline_.pendingBytes()) + " bytes unsent, last answer " +
           std::to_string(age.count()) + " ms ago";
}

}  // namespace oxcache::redis
