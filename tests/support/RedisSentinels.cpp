#include "support/RedisSentinels.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <stdexcept>

#include "support/Eventually.h"
#include "support/Ports.h"

namespace oxcache::testing {
namespace {

/// What a flattened list of names and values says of a name.
std::string field(const std::vector<std::string>& fields, const std::string& name) {
    const auto found = std::find(fields.begin(), fields.end(), name);
    return found == fields.end() || found + 1 == fields.end() ? std::string() : *(found + 1);
}

}  // namespace

RedisSentinels::RedisSentinels(std::vector<std::string> servers,
                               const std::vector<std::string>& sentinels, std::string password)
    : password_(std::move(password)) {
    servers.insert(servers.end(), {"--repl-diskless-sync-delay", "0"});
    servers_.push_back(std::make_unique<RedisServer>(servers));
    const std::string master = std::to_string(servers_[0]->port());
    servers.insert(servers.end(), {"--replicaof", "127.0.0.1", master});
    for (int i = 0; i < kReplicas; ++i) servers_.push_back(std::make_unique<RedisServer>(servers));
    for (int i = 0; i < kSentinels; ++i) ports_.push_back(freePort());
    sentinels_.resize(kSentinels);
    for (int i = 0; i < kSentinels; ++i) {
        configure(i, sentinels);
        startSentinel(i);
    }
    if (!eventually([this] { return ready(); }))
        throw std::runtime_error("the sentinels did not come up");
}

std::string RedisSentinels::configuration(int index) const {
    return folder_.file("sentinel" + std::to_string(index) + ".conf");
}

void RedisSentinels::configure(int index, const std::vector<std::string>& lines) const {
    std::ofstream out(configuration(index));
    const std::string name = kMaster;
    out << "port " << sentinelPort(index) << "\nbind 127.0.0.1\ndir " << folder_.path() << "\n";
    out << "sentinel monitor " << name << " 127.0.0.1 " << servers_[0]->port() << " 1\n";
    // Each is slower to see it than the one before: sentinels that begin together vote for
    // themselves, elect nobody, and begin again much later. A majority has to agree all the same.
    out << "sentinel down-after-milliseconds " << name << " " << 500 + 1000 * index << "\n";
    out << "sentinel failover-timeout " << name << " 1000\n";
    if (!password_.empty())
        out << "requirepass \"" << password_ << "\"\nsentinel sentinel-pass \"" << password_
            << "\"\n";
    for (const std::string& line : lines) out << line << "\n";
}

void RedisSentinels::startSentinel(int index) {
    sentinels_[static_cast<std::size_t>(index)] =
        ChildProcess({"redis-sentinel", configuration(index)},
                     folder_.file("sentinel" + std::to_string(index) + ".log"));
    if (!eventually([&] {
            try {
                return ask(index, {"PING"}).front() == "PONG";
            } catch (const std::runtime_error&) {
                return false;
            }
        }))
        throw std::runtime_error("redis-sentinel did not start; is the package installed?");
    hasten(index);
}

void RedisSentinels::hasten(int index) const {
    ask(index,
        {"SENTINEL", "DEBUG", "INFO-PERIOD", "200", "PING-PERIOD", "100", "ASK-PERIOD", "100",
         "PUBLISH-PERIOD", "200", "ELECTION-TIMEOUT", "1000", "SLAVE-RECONF-TIMEOUT", "1000"});
}

std::vector<std::string> RedisSentinels::ask(int sentinel,
                                             const std::vector<std::string>& command) const {
    return redisCommand(sentinelPort(sentinel), command, password_);
}

bool RedisSentinels::ready() const {
    for (int i = 0; i < kSentinels; ++i) {
        const auto state = ask(i, {"SENTINEL", "MASTER", kMaster});
        if (field(state, "num-slaves") != std::to_string(kReplicas)) return false;
        if (field(state, "num-other-sentinels") != std::to_string(kSentinels - 1)) return false;
        const auto replicas = ask(i, {"SENTINEL", "REPLICAS", kMaster});
        if (std::count(replicas.begin(), replicas.end(), "ok") != kReplicas) return false;
    }
    return true;
}

std::string RedisSentinels::addresses() const {
    std::string text;
    for (const std::uint16_t port : ports_)
        text += (text.empty() ? "127.0.0.1:" : ",127.0.0.1:") + std::to_string(port);
    return text;
}

std::uint16_t RedisSentinels::masterPort() const {
    std::map<std::string, int> votes;
    for (int i = 0; i < kSentinels; ++i) {
        try {
            const auto address = ask(i, {"SENTINEL", "GET-MASTER-ADDR-BY-NAME", kMaster});
            if (address.size() == 2 && ++votes[address[1]] > kSentinels / 2)
                return static_cast<std::uint16_t>(std::stoi(address[1]));
        } catch (const std::runtime_error&) {
            // This one is down.
        }
    }
    if (votes.empty()) throw std::runtime_error("no sentinel answers");
    return static_cast<std::uint16_t>(std::stoi(votes.begin()->first));
}

RedisServer& RedisSentinels::at(std::uint16_t port) {
    for (const auto& server : servers_)
        if (server->port() == port) return *server;
    throw std::runtime_error("no server has the port " + std::to_string(port));
}

void RedisSentinels::failOver() const {
    if (!eventually([&] {
            try {
                ask(0, {"SENTINEL", "FAILOVER", kMaster});
                return true;
            } catch (const std::runtime_error&) {
                return false;  // -INPROG or -NOGOODSLAVE: soon
            }
        }))
        throw std::runtime_error("the sentinels do not fail over");
}

bool RedisSentinels::awaitMasterOtherThan(std::uint16_t old) const {
    return eventually([&] {
        const std::uint16_t now = masterPort();
        if (now == old) return false;
        try {
            return redisCommand(now, {"ROLE"}).front() == "master";
        } catch (const std::runtime_error&) {
            return false;
        }
    });
}

}  // namespace oxcache::testing
