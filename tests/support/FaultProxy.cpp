#include "support/FaultProxy.h"

#include <algorithm>

#include <Poco/Exception.h>

namespace oxcache::testing {
namespace {

constexpr std::size_t kPiece = 16384;
constexpr std::chrono::milliseconds kLook{1};

void end(Poco::Net::StreamSocket& socket) {
    try {
        socket.shutdown();
    } catch (const Poco::Exception&) {
        // It has ended.
    }
}

}  // namespace

FaultProxy::FaultProxy(std::uint16_t target)
    : target_(target),
      listener_(Poco::Net::SocketAddress("127.0.0.1", 0)),
      port_(listener_.address().port()),
      thread_([this] { accept(); }) {}

FaultProxy::~FaultProxy() {
    ending_ = true;
    try {
        const Poco::Net::StreamSocket wake(Poco::Net::SocketAddress("127.0.0.1", port_));
    } catch (const Poco::Exception&) {
        // It is awake.
    }
    thread_.join();
    drop();
    MutexLock lock(mutex_);
    for (Link& link : links_) {
        link.up.join();
        link.down.join();
    }
}

void FaultProxy::drop() {
    MutexLock lock(mutex_);
    for (Link& link : links_) {
        end(link.client);
        end(link.server);
    }
}

void FaultProxy::holdRequestWith(const std::string& text) {
    MutexLock lock(mutex_);
    holdText_ = text;
}

void FaultProxy::letGo() {
    MutexLock lock(mutex_);
    for (Link& link : links_) link.held = false;
}

void FaultProxy::cutRequestBefore(const std::string& text) {
    MutexLock lock(mutex_);
    cutText_ = text;
}

void FaultProxy::loseReplyWith(const std::string& text) {
    MutexLock lock(mutex_);
    loseText_ = text;
}

void FaultProxy::accept() {
    for (;;) {
        Poco::Net::StreamSocket client = listener_.acceptConnection();
        if (ending_) return;
        ++accepted_;
        if (refusing_) continue;
        try {
            Poco::Net::StreamSocket server(Poco::Net::SocketAddress("127.0.0.1", target_));
            client.setNoDelay(true);
            server.setNoDelay(true);
            MutexLock lock(mutex_);
            Link& link = links_.emplace_back();
            link.client = client;
            link.server = server;
            link.up = std::thread([this, &link] { pump(link, false); });
            link.down = std::thread([this, &link] { pump(link, true); });
        } catch (const Poco::Exception&) {
            // Nobody listens behind: the client sees its connection end.
        }
    }
}

void FaultProxy::pump(Link& link, bool replies) {
    Poco::Net::StreamSocket from = replies ? link.server : link.client;
    Poco::Net::StreamSocket to = replies ? link.client : link.server;
    char buffer[kPiece];
    try {
        for (;;) {
            wait(link);
            const std::size_t slice = slice_ == 0 ? kPiece : std::min(slice_.load(), kPiece);
            const int got = from.receiveBytes(buffer, static_cast<int>(slice));
            if (got <= 0) break;
            if (!hand(link, to, buffer, static_cast<std::size_t>(got), replies)) break;
        }
    } catch (const Poco::Exception&) {
        // One side, or drop(), has ended it.
    }
    end(from);
    end(to);
    ++ended_;
}

void FaultProxy::wait(const Link& link) const {
    while ((stopped_ || link.held) && !ending_) std::this_thread::sleep_for(kLook);
}

void FaultProxy::pause(std::chrono::microseconds time) const {
    const auto until = std::chrono::steady_clock::now() + time;
    while (!ending_ && std::chrono::steady_clock::now() < until)
        std::this_thread::sleep_for(std::min<std::chrono::microseconds>(time, kLook));
}

/// False where the connection ends.
bool FaultProxy::hand(Link& link, Poco::Net::StreamSocket& to, char* bytes, std::size_t size,
                      bool replies) {
    if (!replies) {
        MutexLock lock(mutex_);
        requested_ += size;
        if (find(holdText_, bytes, size) < size) link.held = true;
    }
    wait(link);
    pause(std::chrono::milliseconds(delayMs_));
    if (const std::size_t limit = limit_; limit != 0)
        pause(std::chrono::microseconds(size * 1'000'000 / limit));
    if (swallowing_) return !ending_;
    if (replies) {
        MutexLock lock(mutex_);
        if (find(loseText_, bytes, size) < size) return true;
    }
    const std::size_t left = replies ? damage(bytes, size) : curtail(bytes, size);
    if (replies) replied_ += left;
    for (std::size_t sent = 0; sent < left;)
        sent += static_cast<std::size_t>(to.sendBytes(bytes + sent, static_cast<int>(left - sent)));
    return left == size;
}

/// Where the text stands in the piece, `size` where it does not; once for each text.
std::size_t FaultProxy::find(std::string& text, const char* bytes, std::size_t size) {
    const std::size_t at = std::string_view(bytes, size).find(text);
    if (text.empty() || at == std::string_view::npos) return size;
    text.clear();
    ++found_;
    return at;
}

/// How many of the client's bytes go on before the connection is cut.
std::size_t FaultProxy::curtail(const char* bytes, std::size_t size) {
    if (std::int64_t after = cutRequestAfter_; after >= 0) {
        const auto count = static_cast<std::int64_t>(size);
        cutRequestAfter_ = after < count ? -1 : after - count;
        if (after < count) return static_cast<std::size_t>(after);
    }
    MutexLock lock(mutex_);
    return find(cutText_, bytes, size);
}

/// How many of the server's bytes go on before the connection is cut.
std::size_t FaultProxy::damage(char* bytes, std::size_t size) {
    const auto count = static_cast<std::int64_t>(size);
    if (std::int64_t at = corruptAt_; at >= 0) {
        if (at < count) bytes[at] = static_cast<char>(~bytes[at]);
        corruptAt_ = at < count ? -1 : at - count;
    }
    if (std::int64_t after = cutAfter_; after >= 0) {
        cutAfter_ = after < count ? -1 : after - count;
        if (after < count) return static_cast<std::size_t>(after);
    }
    return size;
}

}  // namespace oxcache::testing
