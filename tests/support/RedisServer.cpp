#include "support/RedisServer.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include <Poco/Exception.h>
#include <Poco/Net/StreamSocket.h>
#include <Poco/Redis/Array.h>
#include <Poco/Redis/Client.h>
#include <Poco/Redis/Exception.h>
#include <Poco/Redis/Type.h>

#include "support/Eventually.h"
#include "support/Ports.h"
#include "support/TlsFiles.h"

namespace oxcache::testing {
namespace {

using Poco::Redis::RedisType;

constexpr std::uint16_t kClusterBusOffset = 10000;

/// RESP as it would be sent, without the marks of a simple reply.
std::string textOf(const RedisType::Ptr& reply) {
    std::string text = reply->toString();
    while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
    return text;
}

void flatten(const RedisType::Ptr& reply, std::vector<std::string>& into) {
    if (reply->isArray()) {
        const auto* array = dynamic_cast<const Poco::Redis::Type<Poco::Redis::Array>*>(reply.get());
        if (array->value().isNull()) return;
        for (const RedisType::Ptr& item : array->value()) flatten(item, into);
    } else if (reply->isInteger()) {
        const auto* number = dynamic_cast<const Poco::Redis::Type<Poco::Int64>*>(reply.get());
        into.push_back(std::to_string(number->value()));
    } else if (reply->isBulkString()) {
        const auto* bulk =
            dynamic_cast<const Poco::Redis::Type<Poco::Redis::BulkString>*>(reply.get());
        into.push_back(bulk->value().isNull() ? std::string() : bulk->value().value());
    } else {
        std::string text = textOf(reply);
        if (reply->isError()) throw std::runtime_error("the server says " + text);
        into.push_back(text.substr(text.starts_with('+') ? 1 : 0));
    }
}

RedisType::Ptr ask(Poco::Redis::Client& client, const std::vector<std::string>& arguments) {
    Poco::Redis::Array command;
    for (const std::string& argument : arguments) command << argument;
    return client.sendCommand(command);
}

}  // namespace

std::vector<std::string> redisCommand(std::uint16_t port, const std::vector<std::string>& arguments,
                                      const std::string& password) {
    std::vector<std::string> result;
    try {
        Poco::Redis::Client client;
        client.connect("127.0.0.1", port, Poco::Timespan(2, 0));
        client.setReceiveTimeout(Poco::Timespan(20, 0));
        if (!password.empty()) flatten(ask(client, {"AUTH", password}), result);
        result.clear();
        flatten(ask(client, arguments), result);
    } catch (const Poco::Exception& problem) {
        throw std::runtime_error(arguments.front() + " at port " + std::to_string(port) + ": " +
                                 problem.displayText());
    }
    return result;
}

RedisServer::RedisServer(std::vector<std::string> options) : options_(std::move(options)) {
    startOnFreePorts();
}

RedisServer::RedisServer(const TlsFiles& tls, bool mutual, std::vector<std::string> options)
    : options_(std::move(options)),
      tlsOptions_({"--tls-ca-cert-file", tls.ca(), "--tls-cert-file", tls.serverCertificate(),
                   "--tls-key-file", tls.serverKey(), "--tls-auth-clients",
                   mutual ? "yes" : "no"}) {
    startOnFreePorts();
}

void RedisServer::startOnFreePorts() {
    const bool cluster =
        std::find(options_.begin(), options_.end(), "--cluster-enabled") != options_.end();
    // Another process may take a port between the look and the start.
    for (int attempt = 1;; ++attempt) {
        port_ = testing::freePort(cluster ? kClusterBusOffset : 0);
        if (!tlsOptions_.empty()) tlsPort_ = testing::freePort();
        try {
            start();
            return;
        } catch (const std::runtime_error&) {
            if (attempt == 3) throw;
        }
    }
}

void RedisServer::kill() {
    if (pid() <= 0) throw std::logic_error("the server is not running");
    process_.kill();
}

void RedisServer::restart(std::vector<std::string> options) {
    process_.kill();
    options_ = std::move(options);
    start();
}

void RedisServer::start() {
    std::vector<std::string> command = {"redis-server",
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
    command.insert(command.end(), tlsOptions_.begin(), tlsOptions_.end());
    if (tlsPort_ != 0) command.insert(command.end(), {"--tls-port", std::to_string(tlsPort_)});
    command.insert(command.end(), options_.begin(), options_.end());
    process_ = ChildProcess(command, folder_.file("redis.log"));
    await();
}

void RedisServer::await() {
    const bool answers = eventually([this] {
        if (!process_.running()) return true;
        try {
            // It listens before it has read its users, and may still refuse to start.
            Poco::Net::StreamSocket socket(Poco::Net::SocketAddress("127.0.0.1", port_));
            socket.setReceiveTimeout(Poco::Timespan(2, 0));
            char byte = 0;
            return socket.sendBytes("PING\r\n", 6) == 6 && socket.receiveBytes(&byte, 1) == 1;
        } catch (const Poco::Exception&) {
            return false;
        }
    });
    if (answers && process_.running()) return;
    process_.kill();
    throw std::runtime_error(
        "redis-server did not start; is the package redis-server installed?\n" + log());
}

std::string RedisServer::command(const std::vector<std::string>& arguments) const {
    Poco::Redis::Client client("127.0.0.1", port_);
    return textOf(ask(client, arguments));
}

std::string RedisServer::log() const {
    std::ifstream in(folder_.file("redis.log"), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace oxcache::testing
