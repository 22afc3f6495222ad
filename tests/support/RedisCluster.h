#pragma once

#include <memory>
#include <string>
#include <vector>

#include "support/RedisServer.h"

namespace oxcache::testing {

/// Six real servers as one cluster, three masters with a replica each, made by
/// `redis-cli --cluster create`; a node that is silent for a second is failing. Ready at return:
/// all slots are served and every node says so. Throws where that is not reached.
class RedisCluster {
public:
    explicit RedisCluster(std::vector<std::string> options = {});

    std::vector<std::unique_ptr<RedisServer>>& servers() { return servers_; }
    RedisServer& at(std::uint16_t port);
    /// `127.0.0.1:p1,127.0.0.1:p2,…` of the servers in the beginning.
    std::string addresses() const;
    std::string uri() const { return "redis+cluster://" + addresses(); }

    static std::uint16_t slotOf(const std::string& key);
    /// As a server that runs sees it now.
    std::uint16_t masterPortOf(std::uint16_t slot) const;
    RedisServer& masterOf(std::uint16_t slot) { return at(masterPortOf(slot)); }
    std::vector<std::uint16_t> masterPorts() const;
    std::string idOf(std::uint16_t port) const;
    std::vector<std::string> ask(std::uint16_t port, const std::vector<std::string>& command) const;

    /// Opens a slot for its move: MIGRATING at its master, IMPORTING at the master `to`.
    void beginMove(std::uint16_t slot, std::uint16_t to) const;
    /// Moves up to `count` of its keys; how many there were.
    std::size_t moveKeys(std::uint16_t slot, std::uint16_t to, std::size_t count) const;
    /// Gives the slot to `to`, on every master; its keys must have moved.
    void endMove(std::uint16_t slot, std::uint16_t to) const;
    /// The three in one.
    void move(std::uint16_t slot, std::uint16_t to) const;

    /// One more master without slots; every node knows it at return.
    RedisServer& addNode();
    /// Every node forgets it, and it ends; it must have no slots left.
    void removeNode(std::uint16_t port);

    /// False where not every running server says that all slots are served within 20 seconds, all
    /// agreeing on who serves them.
    bool awaitReady() const;

private:
    struct Range {
        int low = 0;
        int high = 0;
        std::uint16_t port = 0;
    };

    std::vector<std::uint16_t> runningPorts() const;
    std::vector<Range> ranges() const;
    void create();

    std::vector<std::string> options_;
    std::vector<std::unique_ptr<RedisServer>> servers_;
};

}  // namespace oxcache::testing
