#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "support/ChildProcess.h"
#include "support/TempFolder.h"

namespace oxcache::testing {

class TlsFiles;

/// What a client of its own is answered by the server at a port of 127.0.0.1, flattened: an array
/// is its elements. An error reply, and no reply, is a std::runtime_error. `password` logs in
/// first.
std::vector<std::string> redisCommand(std::uint16_t port, const std::vector<std::string>& arguments,
                                      const std::string& password = {});

/// A real redis-server in a folder of its own, on a free port and a Unix socket; ends with the
/// scope. A server that does not come up throws: a test without it has nothing to say.
class RedisServer {
public:
    /// `options` are further arguments, as `{"--requirepass", "x"}` or
    /// `{"--user", "alice", "on", ">pw", "~*", "+@all"}`. With --cluster-enabled the port of the
    /// cluster's bus, 10000 above, is free as well.
    explicit RedisServer(std::vector<std::string> options = {});
    /// Listens on a TLS port as well; with `mutual` only to clients that show a certificate.
    RedisServer(const TlsFiles& tls, bool mutual, std::vector<std::string> options = {});
    RedisServer(const RedisServer&) = delete;
    RedisServer& operator=(const RedisServer&) = delete;

    std::uint16_t port() const { return port_; }
    std::uint16_t tlsPort() const { return tlsPort_; }
    std::string unixPath() const { return folder_.file("redis.sock"); }
    std::string uri() const { return "redis://127.0.0.1:" + std::to_string(port_); }
    pid_t pid() const { return process_.pid(); }
    bool running() { return process_.running(); }

    /// SIGKILL; the process is gone at return.
    void kill();
    /// On the same ports; with other options where given.
    void start();
    void restart(std::vector<std::string> options);
    /// SIGSTOP and SIGCONT.
    void freeze() { process_.freeze(); }
    void thaw() { process_.thaw(); }

    /// What a client of its own is answered, as one line of text: for what tests do behind the
    /// back of the code under test.
    std::string command(const std::vector<std::string>& arguments) const;
    /// What it wrote so far.
    std::string log() const;

private:
    void startOnFreePorts();
    void await();

    std::vector<std::string> options_;
    std::vector<std::string> tlsOptions_;
    TempFolder folder_;
    std::uint16_t port_ = 0;
    std::uint16_t tlsPort_ = 0;
    ChildProcess process_;
};

}  // namespace oxcache::testing
