// A process of a deployment, for ConvergenceTest: writes and reads, then says what its L1 holds.
#include <cstdio>
#include <filesystem>

#include "Nodes.h"
#include "support/Eventually.h"

using namespace oxcache;
using namespace oxcache::testing;

namespace {

constexpr int kKeys = 100;
constexpr int kWrites = 10'000;
constexpr int kToldEvery = 100;

void say(const std::string& line) {
    std::printf("%s\n", line.c_str());
    std::fflush(stdout);
}

void write(CacheNode& node, const std::string& name) {
    for (int i = 0; i < kWrites; ++i) {
        const std::string key = std::to_string(i * 7 % kKeys);
        node->set(key, name + std::to_string(i));
        if (i % 4 == 3) (void)node.read(std::to_string(i * 11 % kKeys));
        if ((i + 1) % kToldEvery == 0) say("wrote " + std::to_string(i + 1));
    }
}

/// Keys whose copy in L1 is not what L2 holds; each is read, as a user would.
int different(CacheNode& node) {
    int count = 0;
    for (int i = 0; i < kKeys; ++i) {
        const std::string key = std::to_string(i);
        const std::string truth = node.remote(key);
        count += node.read(key) != truth || node.local(key) != truth ? 1 : 0;
    }
    return count;
}

}  // namespace

/// Ends with 0 where L1 is as L2.
int main(int count, char** arguments) {
    if (count != 5) {
        std::fprintf(stderr, "usage: %s URI COHERENCE NAME FILE-THAT-SAYS-ALL-HAVE-WRITTEN\n",
                     arguments[0]);
        return 2;
    }
    const std::string name = arguments[3];
    CacheNode node(arguments[1], {std::string("coherence = ") + arguments[2]});
    write(node, name);
    int left = kKeys;
    if (!eventually([&] { return std::filesystem::exists(arguments[4]); }, std::chrono::minutes(2)))
        return 3;
    eventually([&] { return (left = different(node)) == 0; });
    say("different " + std::to_string(left));
    for (int i = 0; i < kKeys; ++i)
        say("copy " + std::to_string(i) + " " + node.local(std::to_string(i)));
    return left == 0 ? 0 : 1;
}
