#include "support/RedisCluster.h"

#include <algorithm>
#include <set>
#include <sstream>
#include <stdexcept>

#include "support/Eventually.h"

namespace oxcache::testing {
namespace {

constexpr int kServers = 6;

std::string addressOf(std::uint16_t port) { return "127.0.0.1:" + std::to_string(port); }

std::vector<std::string> clusterOptions(std::vector<std::string> more) {
    std::vector<std::string> options = {"--cluster-enabled",
                                        "yes",
                                        "--cluster-config-file",
                                        "nodes.conf",
                                        "--cluster-node-timeout",
                                        "1000",
                                        "--repl-diskless-sync-delay",
                                        "0",
                                        "--cluster-allow-replica-migration",
                                        "no"};
    options.insert(options.end(), more.begin(), more.end());
    return options;
}

/// Who serves what, in an order that all nodes share; empty while a part is not served.
std::string viewFrom(std::uint16_t port) {
    const auto info = redisCommand(port, {"CLUSTER", "INFO"}).front();
    if (info.find("cluster_state:ok") == std::string::npos ||
        info.find("cluster_slots_ok:16384") == std::string::npos)
        return {};
    std::istringstream nodes(redisCommand(port, {"CLUSTER", "NODES"}).front());
    std::set<std::string> lines;
    for (std::string line; std::getline(nodes, line);) {
        std::istringstream words(line);
        std::string id, address, flags, master, part, text;
        words >> id >> address >> flags >> master;
        if (flags.find("fail") != std::string::npos) continue;
        if (flags.find("handshake") != std::string::npos) return {};
        for (int skipped = 0; skipped < 4; ++skipped) words >> part;
        while (words >> part) text += " " + part;
        lines.insert(id + (master == "-" ? text : " of " + master));
    }
    std::string view;
    for (const std::string& line : lines) view += line + "\n";
    return view;
}

}  // namespace

RedisCluster::RedisCluster(std::vector<std::string> options)
    : options_(clusterOptions(std::move(options))) {
    for (int i = 0; i < kServers; ++i) servers_.push_back(std::make_unique<RedisServer>(options_));
    create();
}

void RedisCluster::create() {
    std::vector<std::string> command = {"redis-cli", "--cluster", "create"};
    for (const auto& server : servers_) command.push_back(addressOf(server->port()));
    command.insert(command.end(), {"--cluster-replicas", "1", "--cluster-yes"});
    outputOf(command);
    const bool inStep = eventually([&] {
        for (const auto& server : servers_) {
            const auto role = redisCommand(server->port(), {"ROLE"});
            if (role.front() == "slave" && (role.size() < 4 || role[3] != "connected"))
                return false;
        }
        return true;
    });
    if (!inStep || !awaitReady()) throw std::runtime_error("the cluster did not come up");
}

RedisServer& RedisCluster::at(std::uint16_t port) {
    for (const auto& server : servers_)
        if (server->port() == port) return *server;
    throw std::runtime_error("no server has the port " + std::to_string(port));
}

std::string RedisCluster::addresses() const {
    std::string text;
    for (const auto& server : servers_)
        text += (text.empty() ? "" : ",") + addressOf(server->port());
    return text;
}

std::vector<std::uint16_t> RedisCluster::runningPorts() const {
    std::vector<std::uint16_t> ports;
    for (const auto& server : servers_)
        if (server->running()) ports.push_back(server->port());
    return ports;
}

std::vector<std::string> RedisCluster::ask(std::uint16_t port,
                                           const std::vector<std::string>& command) const {
    return redisCommand(port, command);
}

std::uint16_t RedisCluster::slotOf(const std::string& key) {
    // CRC16-XMODEM over the hash tag, bit by bit: written apart from the code under test.
    std::string hashed = key;
    if (const auto open = key.find('{'); open != std::string::npos)
        if (const auto close = key.find('}', open + 1); close != std::string::npos)
            if (close > open + 1) hashed = key.substr(open + 1, close - open - 1);
    unsigned crc = 0;
    for (const char c : hashed) {
        crc ^= static_cast<unsigned>(static_cast<unsigned char>(c)) << 8;
        for (int bit = 0; bit < 8; ++bit)
            crc = ((crc & 0x8000U) != 0 ? (crc << 1) ^ 0x1021U : crc << 1) & 0xFFFFU;
    }
    return static_cast<std::uint16_t>(crc & 16383U);
}

std::vector<RedisCluster::Range> RedisCluster::ranges() const {
    std::vector<Range> result;
    std::istringstream nodes(ask(runningPorts().front(), {"CLUSTER", "NODES"}).front());
    for (std::string line; std::getline(nodes, line);) {
        std::istringstream words(line);
        std::string id, address, flags, part;
        words >> id >> address >> flags;
        if (flags.find("master") == std::string::npos) continue;
        const int port = std::stoi(address.substr(address.find(':') + 1));
        for (int skipped = 0; skipped < 5; ++skipped) words >> part;
        while (words >> part) {
            if (part.starts_with('[')) continue;  // a slot on its way
            const int low = std::stoi(part);
            const auto dash = part.find('-');
            const int high = dash == std::string::npos ? low : std::stoi(part.substr(dash + 1));
            result.push_back({low, high, static_cast<std::uint16_t>(port)});
        }
    }
    return result;
}

std::uint16_t RedisCluster::masterPortOf(std::uint16_t slot) const {
    for (const Range& range : ranges())
        if (slot >= range.low && slot <= range.high) return range.port;
    throw std::runtime_error("nobody serves the slot " + std::to_string(slot));
}

std::vector<std::uint16_t> RedisCluster::masterPorts() const {
    std::set<std::uint16_t> ports;
    for (const Range& range : ranges()) ports.insert(range.port);
    return {ports.begin(), ports.end()};
}

std::string RedisCluster::idOf(std::uint16_t port) const {
    return ask(port, {"CLUSTER", "MYID"}).front();
}

void RedisCluster::beginMove(std::uint16_t slot, std::uint16_t to) const {
    const std::uint16_t from = masterPortOf(slot);
    ask(to, {"CLUSTER", "SETSLOT", std::to_string(slot), "IMPORTING", idOf(from)});
    ask(from, {"CLUSTER", "SETSLOT", std::to_string(slot), "MIGRATING", idOf(to)});
}

std::size_t RedisCluster::moveKeys(std::uint16_t slot, std::uint16_t to, std::size_t count) const {
    const std::uint16_t from = masterPortOf(slot);
    const auto keys =
        ask(from, {"CLUSTER", "GETKEYSINSLOT", std::to_string(slot), std::to_string(count)});
    if (keys.empty()) return 0;
    std::vector<std::string> command = {"MIGRATE", "127.0.0.1", std::to_string(to), "",
                                        "0",       "5000",      "REPLACE",          "KEYS"};
    command.insert(command.end(), keys.begin(), keys.end());
    ask(from, command);
    return keys.size();
}

void RedisCluster::endMove(std::uint16_t slot, std::uint16_t to) const {
    const std::string id = idOf(to);
    const std::uint16_t from = masterPortOf(slot);
    std::vector<std::uint16_t> ports = {to, from};
    for (const std::uint16_t port : masterPorts())
        if (port != to && port != from) ports.push_back(port);
    for (const std::uint16_t port : ports)
        ask(port, {"CLUSTER", "SETSLOT", std::to_string(slot), "NODE", id});
}

void RedisCluster::move(std::uint16_t slot, std::uint16_t to) const {
    beginMove(slot, to);
    while (moveKeys(slot, to, 100) > 0) {
    }
    endMove(slot, to);
}

RedisServer& RedisCluster::addNode() {
    const std::uint16_t known = runningPorts().front();
    servers_.push_back(std::make_unique<RedisServer>(options_));
    RedisServer& added = *servers_.back();
    outputOf({"redis-cli", "--cluster", "add-node", addressOf(added.port()), addressOf(known)});
    if (!awaitReady()) throw std::runtime_error("the added node is not known to all");
    return added;
}

void RedisCluster::removeNode(std::uint16_t port) {
    const std::string id = idOf(port);
    for (const std::uint16_t other : runningPorts())
        if (other != port) ask(other, {"CLUSTER", "FORGET", id});
    at(port).kill();
    std::erase_if(servers_, [&](const auto& server) { return server->port() == port; });
}

bool RedisCluster::awaitReady() const {
    return eventually([this] {
        std::set<std::string> views;
        const auto running = runningPorts();
        // A dead master is one until the others have noticed.
        for (const Range& range : ranges())
            if (std::find(running.begin(), running.end(), range.port) == running.end())
                return false;
        for (const std::uint16_t port : running) {
            try {
                views.insert(viewFrom(port));
            } catch (const std::runtime_error&) {
                return false;
            }
        }
        return views.size() == 1 && !views.begin()->empty();
    });
}

}  // namespace oxcache::testing
