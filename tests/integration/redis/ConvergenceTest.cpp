#include <doctest/doctest.h>

#include <fstream>
#include <map>
#include <sstream>

#include "Nodes.h"
#include "support/ChildProcess.h"
#include "support/Eventually.h"
#include "support/RedisServer.h"

using namespace oxcache;
using namespace oxcache::testing;

namespace {

constexpr int kKeys = 100;
constexpr int kWrites = 10'000;

/// NodeProcess.cpp as a process of its own, and what it has said so far.
class NodeProcess {
public:
    NodeProcess(const TempFolder& folder, const RedisServer& server, const std::string& coherence,
                const std::string& name)
        : log_(folder.file(name)),
          process_({OXCACHE_NODE_PROCESS, server.uri(), coherence, name, folder.file("quiet")},
                   log_) {}

    int written() const {
        int count = 0;
        each("wrote", [&](std::istream& line) { line >> count; });
        return count;
    }
    /// What its L1 holds; empty before it says so.
    std::map<int, std::string> copies() const {
        std::map<int, std::string> copies;
        each("copy", [&](std::istream& line) {
            int key = 0;
            line >> key >> copies[key];
        });
        return copies;
    }
    bool running() { return process_.running(); }
    pid_t pid() const { return process_.pid(); }
    int join() { return process_.join(); }
    std::string said() const {
        std::ostringstream text;
        text << std::ifstream(log_).rdbuf();
        return text.str();
    }

private:
    template <class F>
    void each(const std::string& word, F take) const {
        std::ifstream in(log_);
        for (std::string line; std::getline(in, line) && !in.eof();) {
            std::istringstream words(line);
            std::string first;
            if (words >> first && first == word) take(words);
        }
    }

    std::string log_;
    ChildProcess process_;
};

/// Ends connections, by turns those that write and those that listen, whenever the processes have
/// written a little more; until both have written all. How often.
int killWhileTheyWrite(RedisServer& server, NodeProcess& a, NodeProcess& b) {
    int kills = 0, last = 0;
    const auto written = [&] { return a.written() + b.written(); };
    while (last < 2 * kWrites) {
        const bool more =
            eventually([&] { return written() >= last + 400 || written() == 2 * kWrites; },
                       std::chrono::minutes(1));
        REQUIRE_MESSAGE(more, "no progress after " << last << " writes\n" << a.said() << b.said());
        last = written();
        server.command({"CLIENT", "KILL", "TYPE", kills++ % 2 == 0 ? "normal" : "pubsub"});
    }
    return kills;
}

void checkConvergence(const std::string& coherence) {
    const TempFolder folder;
    RedisServer server;
    NodeProcess a(folder, server, coherence, "a"), b(folder, server, coherence, "b");
    REQUIRE(a.pid() != b.pid());
    const int kills = killWhileTheyWrite(server, a, b);
    MESSAGE(coherence << ": " << 2 * kWrites << " writes under " << kills << " kills");
    CHECK(kills >= 10);
    std::ofstream(folder.file("quiet")) << "now";
    for (NodeProcess* each : {&a, &b}) {
        const int status = each->join();
        CHECK_MESSAGE(status == 0, each->said());
    }
    // Both have found no difference; and this is what L2 held all the while.
    CacheNode judge(server.uri(), {"coherence = none"});
    const auto ofA = a.copies(), ofB = b.copies();
    REQUIRE(ofA.size() == kKeys);
    REQUIRE(ofB.size() == kKeys);
    for (int key = 0; key < kKeys; ++key) {
        const std::string truth = judge.remote(std::to_string(key));
        CHECK(truth != "-");
        CHECK(ofA.at(key) == truth);
        CHECK(ofB.at(key) == truth);
    }
}

}  // namespace

TEST_CASE("TwoProcessesUnderConnectionKillsConvergeByMessages") { checkConvergence("pubsub"); }

TEST_CASE("TwoProcessesUnderConnectionKillsConvergeByTracking") { checkConvergence("tracking"); }
