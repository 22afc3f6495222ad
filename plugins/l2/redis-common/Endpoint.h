#pragma once

#include <cstdint>
#include <string>

namespace oxcache::redis {

inline constexpr std::uint16_t kRedisPort = 6379;
inline constexpr std::uint16_t kSentinelPort = 26379;

/// Where a server listens: host and port, or the path of a Unix socket.
struct Endpoint {
    std::string host = "127.0.0.1";
    std::uint16_t port = kRedisPort;
    std::string unixPath{};

    /// As it is shown to people.
    std::string text() const {
        if (!unixPath.empty()) return unixPath;
        const bool v6 = host.find(':') != std::string::npos;
        return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
    }
    bool operator==(const Endpoint&) const = default;
};

}  // namespace oxcache::redis
