#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "support/TempFolder.h"

namespace oxcache::testing {

/// A real redis-server in a folder of its own, on a free port and a Unix socket; ends with the
/// scope. A server that does not come up throws: a test without it has nothing to say.
class RedisServer {
public:
    /// `options` are further arguments, as `{"--requirepass", "x"}`.
    explicit RedisServer(std::vector<std::string> options = {});
    ~RedisServer();
    RedisServer(const RedisServer&) = delete;
    RedisServer& operator=(const RedisServer&) = delete;

    std::uint16_t port() const { return port_; }
    std::string unixPath() const { return folder_.file("redis.sock"); }
    std::string uri() const { return "redis://127.0.0.1:" + std::to_string(port_); }
    pid_t pid() const { return pid_; }

    /// The process is gone at return.
    void kill();
    /// On the same port; with other options where given.
    void start();
    void restart(std::vector<std::string> options);
    /// SIGSTOP and SIGCONT.
    void freeze();
    void thaw();

    /// What a client of its own is answered, as one line of text: for what tests do behind the
    /// back of the code under test.
    std::string command(const std::vector<std::string>& arguments) const;

    /// A port on which nobody listens now.
    static std::uint16_t freePort();

private:
    void await();

    std::vector<std::string> options_;
    TempFolder folder_;
    std::uint16_t port_ = 0;
    pid_t pid_ = -1;
};

}  // namespace oxcache::testing
