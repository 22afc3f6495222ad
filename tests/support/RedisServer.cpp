#include "support/RedisServer.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

#include <Poco/Exception.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/Redis/Array.h>
#include <Poco/Redis/Client.h>
#include <Poco/Redis/Exception.h>

namespace oxcache::testing {
namespace {

using std::chrono::steady_clock;

/// RESP as it would be sent, without the marks of a simple reply.
std::string textOf(const Poco::Redis::RedisType::Ptr& reply) {
    std::string text = reply->toString();
    while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
    return text;
}

}  // namespace

std::uint16_t RedisServer::freePort() {
    const Poco::Net::ServerSocket socket(Poco::Net::SocketAddress("127.0.0.1", 0));
    return socket.address().port();
}

RedisServer::RedisServer(std::vector<std::string> options) : options_(std::move(options)) {
    // Another process may take the port between the look and the start.
    for (int attempt = 1;; ++attempt) {
        port_ = freePort();
        try {
            start();
            return;
        } catch (const std::runtime_error&) {
            if (attempt == 3) throw;
        }
    }
}

RedisServer::~RedisServer() {
    if (pid_ > 0) kill();
}

void RedisServer::kill() {
    if (pid_ <= 0) throw std::logic_error("the server is not running");  // -1 means everybody
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
}

void RedisServer::restart(std::vector<std::string> options) {
    if (pid_ > 0) kill();
    options_ = std::move(options);
    start();
}

void RedisServer::freeze() {
    if (pid_ <= 0) throw std::logic_error("the server is not running");
    ::kill(pid_, SIGSTOP);
}

void RedisServer::thaw() {
    if (pid_ <= 0) throw std::logic_error("the server is not running");
    ::kill(pid_, SIGCONT);
}

void RedisServer::start() {
    std::vector<std::string> arguments = {"redis-server",
                                          "--port",
                                          std::to_string(port_),
                                          "--bind",
                                          "127.0.0.1",
                                          "--unixsocket",
                                          unixPath(),
                                          "--dir",
                                          folder_.path(),
                                          "--save",
                                          "",
                                          "--appendonly",
                                          "no",
                                          "--daemonize",
                                          "no"};
    arguments.insert(arguments.end(), options_.begin(), options_.end());
    std::vector<char*> pointers;
    for (std::string& argument : arguments) pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    const std::string log = folder_.file("redis.log");
    pid_ = ::fork();
    if (pid_ < 0) throw std::runtime_error("fork failed");
    if (pid_ == 0) {
        const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
        ::dup2(out, 1);
        ::dup2(out, 2);
        ::execvp("redis-server", pointers.data());
        ::_exit(127);
    }
    await();
}

void RedisServer::await() {
    const auto end = steady_clock::now() + std::chrono::seconds(20);
    while (steady_clock::now() < end) {
        if (::waitpid(pid_, nullptr, WNOHANG) == pid_) {
            pid_ = -1;
            break;
        }
        try {
            const Poco::Net::StreamSocket socket(Poco::Net::SocketAddress("127.0.0.1", port_));
            return;
        } catch (const Poco::Exception&) {
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
    }
    if (pid_ > 0) kill();
    std::ifstream in(folder_.file("redis.log"));
    std::ostringstream log;
    log << in.rdbuf();
    throw std::runtime_error(
        "redis-server did not start; is the package redis-server installed?\n" + log.str());
}

std::string RedisServer::command(const std::vector<std::string>& arguments) const {
    Poco::Redis::Client client("127.0.0.1", port_);
    Poco::Redis::Array command;
    for (const std::string& argument : arguments) command << argument;
    return textOf(client.sendCommand(command));
}

}  // namespace oxcache::testing
