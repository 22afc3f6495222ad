#pragma once

#include <memory>
#include <string>
#include <vector>

#include "support/RedisServer.h"

namespace oxcache::testing {

/// A master with two replicas, watched by three sentinels, the first of which calls a server down
/// after 500 ms, the others a second later each; they do everything else as fast as they can; all
/// real, on free ports. Ready at return: every sentinel knows all others, the replicas are in step.
/// Throws where that is not reached.
class RedisSentinels {
public:
    static constexpr const char* kMaster = "oxmaster";
    static constexpr int kReplicas = 2;
    static constexpr int kSentinels = 3;

    /// `servers` are arguments for all three servers, `sentinels` are lines for the sentinels'
    /// configuration; `password` is asked for by the sentinels, of each other as well.
    explicit RedisSentinels(std::vector<std::string> servers = {},
                            const std::vector<std::string>& sentinels = {},
                            std::string password = {});

    /// All data servers; the first was the master in the beginning.
    RedisServer& server(int index) { return *servers_[static_cast<std::size_t>(index)]; }
    std::uint16_t sentinelPort(int index) const { return ports_[static_cast<std::size_t>(index)]; }
    /// `127.0.0.1:p1,127.0.0.1:p2,127.0.0.1:p3`
    std::string addresses() const;
    std::string uri() const { return "redis+sentinel://" + addresses() + "/" + kMaster; }

    /// The port of the master as most sentinels see it.
    std::uint16_t masterPort() const;
    /// The server that has this port.
    RedisServer& at(std::uint16_t port);
    RedisServer& master() { return at(masterPort()); }
    /// `SENTINEL FAILOVER` with the old master alive.
    void failOver() const;
    /// False where another port than `old` is not the master's, and writable, within 20 seconds.
    bool awaitMasterOtherThan(std::uint16_t old) const;

    void killSentinel(int index) { sentinels_[static_cast<std::size_t>(index)].kill(); }
    void freezeSentinel(int index) { sentinels_[static_cast<std::size_t>(index)].freeze(); }
    void thawSentinel(int index) { sentinels_[static_cast<std::size_t>(index)].thaw(); }
    /// On its port, with what it had learned.
    void startSentinel(int index);
    std::vector<std::string> ask(int sentinel, const std::vector<std::string>& command) const;

private:
    void configure(int index, const std::vector<std::string>& lines) const;
    void hasten(int index) const;
    bool ready() const;
    std::string configuration(int index) const;

    const std::string password_;
    TempFolder folder_;
    std::vector<std::unique_ptr<RedisServer>> servers_;
    std::vector<std::uint16_t> ports_;
    std::vector<ChildProcess> sentinels_;
};

}  // namespace oxcache::testing
