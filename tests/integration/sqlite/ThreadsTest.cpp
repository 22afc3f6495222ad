#include <atomic>
#include <filesystem>
#include <thread>

#include "Fixture.h"

using namespace oxcache;
using namespace oxcache::testing;

namespace {

/// Runs `body(thread)` on that many threads and joins them.
template <class Body>
void onThreads(int count, Body body) {
    std::vector<std::thread> threads;
    for (int i = 0; i < count; ++i) threads.emplace_back(body, i);
    for (std::thread& thread : threads) thread.join();
}

}  // namespace

TEST_CASE("ThreadsShareAStore") {
    Fixture f;
    Options options = f.users();
    options.emplace_back("sessions", "3");
    options.emplace_back("routes.names.match", "name:{name}");
    options.emplace_back("routes.names.query", "SELECT id FROM users WHERE name = :name");
    const auto store = f.open(options);
    std::atomic<int> wrong{0};
    onThreads(8, [&](int thread) {
        for (int round = 0; round < 100; ++round) {
            if (get(*store, thread % 2 == 0 ? "user:1" : "user:2") !=
                (thread % 2 == 0 ? "ada" : "bob"))
                ++wrong;
            if (getAll(*store, {"user:1", "name:bob", "user:3", "x", "user:2"}) !=
                Texts{"ada", "2", "(absent)", "(no route)", "bob"})
                ++wrong;
            if (!ping(*store).empty()) ++wrong;
        }
    });
    CHECK(wrong == 0);
    CHECK(store->queries() == 8U * 100U * 3U);
}

TEST_CASE("AFileThatIsReplacedUnderManyThreadsHurtsNobody") {
    Fixture f;
    const auto store = f.open(f.users());
    std::atomic<int> wrong{0};
    std::atomic<bool> stop{false};
    std::thread replacing([&] {
        for (int round = 0; round < 20; ++round) {
            const std::string next = f.folder.file("next.db");
            std::filesystem::copy_file(f.path, next);
            if (round % 4 == 0) std::filesystem::remove(f.path);
            std::filesystem::rename(next, f.path);
        }
        stop = true;
    });
    onThreads(4, [&](int) {
        while (!stop) {
            const auto reply = load(*store, "user:1");
            const bool gone = !reply.ok() && reply.error().code == ErrorCode::Unavailable;
            if (!gone && textOf(reply) != "ada") ++wrong;
        }
    });
    replacing.join();
    CHECK(wrong == 0);
    CHECK(get(*store, "user:1") == "ada");
}

TEST_CASE("StoresComeAndGoWithTheirPlugin") {
    const TempFolder folder;
    const std::string path = folder.file("app.db");
    Writer(path).run("CREATE TABLE t(v); INSERT INTO t VALUES('here')");
    SystemClock clock;
    for (int round = 0; round < 10; ++round) {
        const LoadedPlugin plugin(OXCACHE_SQLITE_PLUGIN);
        const Options options{
            {"path", path}, {"routes.t.match", "t"}, {"routes.t.query", "SELECT v FROM t"}};
        const auto one = plugin.fallback(options, clock);
        const auto two = plugin.fallback(options, clock);
        REQUIRE(one.ok());
        REQUIRE(two.ok());
        CHECK(get(**one, "t") == "here");
        CHECK(get(**two, "t") == "here");
    }
}
