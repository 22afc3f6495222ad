#pragma once

#include <fstream>
#include <memory>
#include <string>

#include "oxcache/oxcache.h"
#include "support/Eventually.h"
#include "support/TempFolder.h"

namespace oxcache::testing {

/// A process's manager over one service `s` whose L2 is a Redis server; several of them in one test
/// stand for several processes, for they share nothing.
class CacheNode {
public:
    /// `more`: further lines, each without `oxcache.services.s.`; they win over those given here.
    explicit CacheNode(const std::string& uri, const std::vector<std::string>& more = {},
                       const std::string& plugin = "redis-standalone") {
        const std::string path = folder_.file("oxcache.properties");
        {
            std::ofstream file(path);
            const auto line = [&](const std::string& text) {
                const std::string key = text.substr(0, text.find('=') + 1);
                for (const std::string& each : more)
                    if (&each != &text && each.starts_with(key)) return;
                file << "oxcache.services.s." << text << "\n";
            };
            line("l2.plugin = " + plugin);
            line("l2.connection_string = " + uri);
            line("l2.reconnect_max = 200ms");
            line("l2.liveness = 600ms");
            line("l2.bus.beat = 200ms");
            line("l2.bus.reorder = 100ms");
            for (const std::string& each : more) line(each);
        }
        manager_ = CacheManager::fromFile(path);
        cache_ = manager_->cache("s");
    }
    ~CacheNode() {
        try {
            manager_->shutdown(std::chrono::seconds(10));
        } catch (const std::exception& problem) {
            std::fprintf(stderr, "shutdown: %s\n", problem.what());
        }
    }
    CacheNode(const CacheNode&) = delete;
    CacheNode& operator=(const CacheNode&) = delete;

    Cache& operator*() { return cache_; }
    Cache* operator->() { return &cache_; }
    /// What is read, or `-`.
    std::string read(const std::string& key) { return cache_.get<std::string>(key).value_or("-"); }
    /// What L1 alone serves, or `-`.
    std::string local(const std::string& key) {
        return cache_.l1().get<std::string>(key).value_or("-");
    }
    /// What lies in Redis, or `-`.
    std::string remote(const std::string& key) {
        return cache_.l2().get<std::string>(key).value_or("-");
    }

private:
    TempFolder folder_;
    std::shared_ptr<CacheManager> manager_;
    Cache cache_{nullptr};
};

/// The key is read until L1 serves it: then nothing of it is under way.
inline bool warm(CacheNode& node, const std::string& key, const std::string& value) {
    return eventually([&] { return node.read(key) == value && node.local(key) == value; });
}

/// The bus covers, and has moved the epochs in beginning to.
inline bool covered(CacheNode& node) {
    return eventually([&] {
        const Statistics stats = node->stats();
        return stats.busCovered && stats.busGaps > 0;
    });
}

}  // namespace oxcache::testing
