#include <doctest/doctest.h>

#include <unistd.h>

#include <array>
#include <atomic>
#include <barrier>
#include <fstream>
#include <latch>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "Entries.h"
#include "memory/ShardMutex.h"
#include "support/Threads.h"

using namespace oxcache;
using namespace oxcache::memory;

namespace {

// A value that tells torn or freed memory from itself: every byte follows from the key and the
// first eight.
std::string checkedValue(Key key, std::uint64_t serial) {
    std::string value(8 + serial % 120, '\0');
    std::uint64_t state = serial;
    for (const char c : key) state = state * 31 + static_cast<unsigned char>(c);
    for (std::size_t i = 0; i < 8; ++i) value[i] = static_cast<char>(serial >> (8 * i));
    for (std::size_t i = 8; i < value.size(); ++i) {
        state = state * 6364136223846793005ULL + 1442695040888963407ULL;
        value[i] = static_cast<char>(state >> 56);
    }
    return value;
}

bool intact(const Entry& entry, Key key) {
    const BytesView value = entry.bytes();
    if (entry.key() != key || value.size() < 8) return false;
    std::uint64_t serial = 0;
    for (std::size_t i = 0; i < 8; ++i)
        serial |= static_cast<std::uint64_t>(static_cast<unsigned char>(value[i])) << (8 * i);
    return value == checkedValue(key, serial);
}

}  // namespace

TEST_CASE("ASetRacingLoadsNeverLosesToThem") {
    SystemClock clock;
    MemoryStore store({}, clock);
    constexpr int kRounds = 3'000;
    constexpr int kLoaders = 2;
    std::atomic<int> database{0};
    std::atomic<int> lost{0};
    std::barrier round(kLoaders + 1);
    std::vector<std::thread> loaders;
    for (int i = 0; i < kLoaders; ++i)
        loaders.emplace_back([&] {
            for (int n = 0; n < kRounds; ++n) {
                round.arrive_and_wait();
                const std::uint64_t captured = store.capture("a");
                const int seen = database.load();
                store.fill(entryOf("a", std::to_string(seen)), {}, captured);
                round.arrive_and_wait();
            }
        });
    for (int n = 1; n <= kRounds; ++n) {
        round.arrive_and_wait();
        const std::uint64_t begun = store.begin("a");
        database = n;
        store.settle(entryOf("a", std::to_string(n)), {}, begun);
        round.arrive_and_wait();
        const auto found = valueOf(store, "a");
        if (found && found != std::to_string(n)) ++lost;
    }
    for (std::thread& loader : loaders) loader.join();
    CHECK(lost == 0);
}

TEST_CASE("ReadersSeeWholeValuesWhateverWritersDo") {
    SystemClock clock;
    constexpr std::uint64_t kCapacity = 200;
    MemoryStore store({.maxEntries = kCapacity, .maxBytes = 60'000}, clock);
    std::atomic<bool> stop{false};
    std::atomic<std::uint64_t> broken{0};
    std::atomic<std::uint64_t> above{0};
    std::atomic<std::uint64_t> hits{0};
    std::vector<std::thread> readers;
    for (unsigned t = 0; t < 3; ++t)
        readers.emplace_back([&, t] {
            std::mt19937 random(t);
            while (!stop) {
                const std::string key = keyOf(random() % 400);
                store.visit(key, [&](const Entry& entry) {
                    ++hits;
                    if (!intact(entry, key)) ++broken;
                });
                const std::string other = keyOf(random() % 400);
                const EntryPtr held = store.acquire(other);
                if (held && !intact(*held, other)) ++broken;
                const MemoryStatistics now = store.statistics();
                if (now.entries > kCapacity || now.bytes > 60'000) ++above;
            }
        });
    std::vector<std::thread> writers;
    for (unsigned t = 0; t < 2; ++t)
        writers.emplace_back([&, t] {
            std::mt19937 random(100 + t);
            for (unsigned i = 0; i < 20'000; ++i) {
                const std::string key = keyOf(random() % 400);
                if (i % 16 == 0)
                    store.invalidate(key);
                else if (i % 1000 == 1)
                    store.clear();
                else
                    store.put(entryOf(key, checkedValue(key, random())),
                              {.ttl = Duration(1 + random() % 20)});
            }
        });
    for (std::thread& writer : writers) writer.join();
    stop = true;
    for (std::thread& reader : readers) reader.join();
    CHECK(broken == 0);
    CHECK(above == 0);
    CHECK(hits > 0);
    store.clear();
    CHECK(store.statistics().entries == 0);
    CHECK(store.statistics().bytes == 0);
}

TEST_CASE("ThreadsMayComeAndGoWhileTheStoreIsResizedAndCleared") {
    SystemClock clock;
    MemoryStore store({.maxEntries = 500}, clock);
    std::atomic<bool> stop{false};
    std::atomic<std::uint64_t> broken{0};
    std::thread resizer([&] {
        for (unsigned i = 0; !stop; ++i) {
            store.resize(100 + i * 37 % 900, i % 2 == 0 ? 0 : 50'000);
            if (i % 10 == 0) store.clear();
            if (i % 7 == 0) store.invalidateTag("tag");
            if (i % 5 == 0) store.cleanUp();
            std::this_thread::yield();
        }
    });
    const auto work = [&](unsigned seed) {
        std::mt19937 random(seed);
        const std::array<std::string_view, 1> tags{"tag"};
        for (int i = 0; i < 300; ++i) {
            const std::string key = keyOf(random() % 600);
            Residence residence;
            if (i % 3 == 0) residence.idle = Duration(5);
            if (i % 4 == 0) residence.tags = tags;
            if (i % 2 == 0) store.put(entryOf(key, checkedValue(key, random())), residence);
            store.visit(key, [&](const Entry& entry) {
                if (!intact(entry, key)) ++broken;
            });
        }
    };
    for (unsigned round = 0; round < 40; ++round) {
        std::vector<std::thread> threads;
        for (unsigned t = 0; t < 4; ++t) threads.emplace_back(work, round * 4 + t);
        for (std::thread& thread : threads) thread.join();
    }
    stop = true;
    resizer.join();
    CHECK(broken == 0);
    store.resize(0, 0);
    CHECK(store.statistics().entries == 0);
    CHECK(store.statistics().bytes == 0);
}

namespace {

// As the kernel names it: 'S' is asleep.
char stateOf(pid_t thread) {
    std::ifstream file("/proc/self/task/" + std::to_string(thread) + "/stat");
    std::string line;
    std::getline(file, line);
    const std::size_t name = line.rfind(')');
    return name == std::string::npos || name + 2 >= line.size() ? '?' : line[name + 2];
}

}  // namespace

TEST_CASE("OneAtATimeHoldsAShardsLock") {
    ShardMutex mutex;
    std::uint64_t counted = 0;
    testing::together(4, [&](int) {
        for (int i = 0; i < 20'000; ++i) {
            const ShardLock lock(mutex);
            ++counted;
            // Sometimes long enough for the others to fall asleep.
            if (i % 2048 == 0) std::this_thread::yield();
        }
    });
    CHECK(counted == 80'000);
}

TEST_CASE("WhoeverSleepsForAShardsLockIsWoken") {
    constexpr int kThreads = 3;
    ShardMutex mutex;
    std::array<std::atomic<pid_t>, kThreads> ids{};
    std::atomic<int> served{0};
    std::vector<std::thread> threads;
    {
        const ShardLock lock(mutex);
        for (std::atomic<pid_t>& id : ids)
            threads.emplace_back([&] {
                id = gettid();
                const ShardLock mine(mutex);
                ++served;
            });
        for (const std::atomic<pid_t>& id : ids)
            while (id == 0 || stateOf(id) != 'S') std::this_thread::yield();
        CHECK(served == 0);
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(served == kThreads);
}
