#include "support/FakeRedisServer.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <chrono>
#include <optional>
#include <utility>

#include <Poco/Exception.h>

namespace oxcache::testing {
namespace {

using std::chrono::steady_clock;

std::string upper(std::string text) {
    for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return text;
}

std::string twoWords(const FakeRedisServer::Command& command) {
    return command.size() < 2 ? upper(command[0]) : upper(command[0] + " " + command[1]);
}

bool isNamed(const FakeRedisServer::Command& command, const std::string& name) {
    return name.empty() || upper(command[0]) == name || twoWords(command) == name;
}

/// The number behind the mark at `at`; moves behind its line.
std::optional<std::size_t> numberAt(const std::string& bytes, std::size_t& at) {
    const std::size_t end = bytes.find("\r\n", at);
    if (end == std::string::npos) return std::nullopt;
    std::size_t number = 0;
    std::from_chars(bytes.data() + at + 1, bytes.data() + end, number);
    at = end + 2;
    return number;
}

/// A whole command is cut off the front of the bytes.
std::optional<FakeRedisServer::Command> commandFrom(std::string& bytes) {
    std::size_t at = 0;
    const auto count = numberAt(bytes, at);
    if (!count) return std::nullopt;
    FakeRedisServer::Command command;
    for (std::size_t i = 0; i < *count; ++i) {
        const auto length = numberAt(bytes, at);
        if (!length || bytes.size() < at + *length + 2) return std::nullopt;
        command.push_back(bytes.substr(at, *length));
        at += *length + 2;
    }
    bytes.erase(0, at);
    return command;
}

}  // namespace

std::string FakeRedisServer::bulk(const std::string& text) {
    return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
}

std::string FakeRedisServer::array(const std::vector<std::string>& encoded) {
    std::string text = "*" + std::to_string(encoded.size()) + "\r\n";
    for (const std::string& item : encoded) text += item;
    return text;
}

FakeRedisServer::FakeRedisServer()
    : listener_(Poco::Net::SocketAddress("127.0.0.1", 0)), port_(listener_.address().port()) {
    always("HELLO", say("%3\r\n" + bulk("server") + bulk("redis") + bulk("version") +
                        bulk("7.0.15") + bulk("proto") + ":3\r\n"));
    always("CLIENT", say("+OK\r\n"));
    always("CLIENT INFO", [](const Command&, std::uint64_t connection) {
        return say(bulk("id=" + std::to_string(connection) + " addr=127.0.0.1:1\n"));
    });
    always("CLIENT ID", [](const Command&, std::uint64_t connection) {
        return say(":" + std::to_string(connection) + "\r\n");
    });
    always("PING", say("+PONG\r\n"));
    thread_ = std::thread([this] { accept(); });
}

FakeRedisServer::~FakeRedisServer() {
    {
        MutexLock lock(mutex_);
        ending_ = released_ = true;
        changed_.notifyAll();
    }
    // What accept() waits for is a connection.
    try {
        const Poco::Net::StreamSocket wake(Poco::Net::SocketAddress("127.0.0.1", port_));
    } catch (const Poco::Exception&) {
        // It has one already.
    }
    thread_.join();
    drop();
    std::list<Session> sessions;
    {
        MutexLock lock(mutex_);
        sessions.swap(sessions_);
    }
    for (Session& session : sessions) session.thread.join();
}

void FakeRedisServer::always(const std::string& name, Answer answer) {
    MutexLock lock(mutex_);
    always_[upper(name)] = std::move(answer);
}

void FakeRedisServer::always(const std::string& name, const Reaction& reaction) {
    always(name, [reaction](const Command&, std::uint64_t) { return reaction; });
}

void FakeRedisServer::once(const std::string& name, Reaction reaction) {
    MutexLock lock(mutex_);
    once_[upper(name)].push_back(std::move(reaction));
}

void FakeRedisServer::release() {
    MutexLock lock(mutex_);
    released_ = true;
    changed_.notifyAll();
}

void FakeRedisServer::push(const std::string& bytes) {
    MutexLock lock(mutex_);
    for (Session& session : sessions_) send(session, say(bytes));
}

void FakeRedisServer::drop() {
    MutexLock lock(mutex_);
    for (Session& session : sessions_) {
        try {
            session.socket.shutdown();
        } catch (const Poco::Exception&) {
            // It has ended.
        }
    }
}

std::vector<FakeRedisServer::Command> FakeRedisServer::received(const std::string& name) const {
    MutexLock lock(mutex_);
    std::vector<Command> result;
    for (const Command& command : received_)
        if (isNamed(command, upper(name))) result.push_back(command);
    return result;
}

bool FakeRedisServer::awaitReceived(const std::string& name, std::size_t count) const {
    const auto end = steady_clock::now() + std::chrono::seconds(20);
    while (received(name).size() < count) {
        if (steady_clock::now() >= end) return false;
        MutexLock lock(mutex_);
        changed_.waitUntil(mutex_,
                           std::min(end, steady_clock::now() + std::chrono::milliseconds(20)));
    }
    return true;
}

std::uint64_t FakeRedisServer::accepted() const {
    MutexLock lock(mutex_);
    return sessions_.size();
}

std::vector<std::string> FakeRedisServer::surprises() const {
    MutexLock lock(mutex_);
    std::vector<std::string> result = surprises_;
    for (const auto& [name, reactions] : once_)
        if (!reactions.empty())
            result.push_back(name + " did not come " + std::to_string(reactions.size()) + " times");
    return result;
}

void FakeRedisServer::accept() {
    for (;;) {
        Poco::Net::StreamSocket socket = listener_.acceptConnection();
        MutexLock lock(mutex_);
        if (ending_) return;
        socket.setNoDelay(true);
        Session& session = sessions_.emplace_back();
        session.socket = socket;
        session.number = sessions_.size();
        session.thread = std::thread([this, &session] { serve(session); });
    }
}

void FakeRedisServer::serve(Session& session) {
    std::string bytes;
    char buffer[4096];
    try {
        for (;;) {
            while (const auto command = commandFrom(bytes))
                if (!react(session, *command)) return session.socket.shutdown();
            const int got = session.socket.receiveBytes(buffer, sizeof buffer);
            if (got <= 0) return;
            bytes.append(buffer, static_cast<std::size_t>(got));
        }
    } catch (const Poco::Exception&) {
        // The peer, or drop(), has ended it.
    }
}

/// False where the connection ends.
bool FakeRedisServer::react(Session& session, const Command& command) {
    const Reaction reaction = reactionTo(command, session.number);
    {
        MutexLock lock(mutex_);
        received_.push_back(command);
        changed_.notifyAll();
        while (reaction.holds && !released_) changed_.wait(mutex_);
    }
    send(session, reaction);
    return !reaction.closes;
}

FakeRedisServer::Reaction FakeRedisServer::reactionTo(const Command& command,
                                                      std::uint64_t connection) {
    Answer answer;
    {
        MutexLock lock(mutex_);
        for (const std::string& name : {twoWords(command), upper(command[0])}) {
            if (auto found = once_.find(name); found != once_.end() && !found->second.empty()) {
                Reaction reaction = std::move(found->second.front());
                found->second.pop_front();
                return reaction;
            }
            if (const auto found = always_.find(name); found != always_.end()) {
                answer = found->second;
                break;
            }
        }
        if (!answer) surprises_.push_back(twoWords(command));
    }
    return answer ? answer(command, connection) : say("-ERR the test has no rule for this\r\n");
}

void FakeRedisServer::send(Session& session, const Reaction& reaction) {
    MutexLock lock(session.sending);
    const std::string& bytes = reaction.bytes;
    const std::size_t step = reaction.slice == 0 ? bytes.size() : reaction.slice;
    try {
        for (std::size_t at = 0; at < bytes.size(); at += step)
            session.socket.sendBytes(bytes.data() + at,
                                     static_cast<int>(std::min(step, bytes.size() - at)));
    } catch (const Poco::Exception&) {
        // The peer has gone; its next receive says so.
    }
}

}  // namespace oxcache::testing
