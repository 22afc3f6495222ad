#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>

#include <Poco/Pipe.h>
#include <Poco/PipeStream.h>
#include <Poco/Process.h>

#include "EmbeddedRig.h"

using namespace oxcache;
using namespace oxcache::testing;

namespace {

namespace fs = std::filesystem;

/// A process of its own on the file (Child.cpp).
class Other {
public:
    Other(const std::string& mode, const std::string& path, const std::string& argument = "0")
        : handle_(Poco::Process::launch(OXCACHE_TEST_CHILD, {mode, path, argument}, &input_,
                                        &output_, nullptr)),
          answers_(output_),
          orders_(input_) {}
    ~Other() {
        if (!ended_) kill();
    }
    Other(const Other&) = delete;
    Other& operator=(const Other&) = delete;

    /// The next line it prints; empty at the end.
    std::string line() {
        std::string text;
        std::getline(answers_, text);
        return text;
    }
    void order(const std::string& text) { orders_ << text << std::endl; }
    void kill() {
        Poco::Process::kill(handle_);
        wait();
    }
    int wait() {
        ended_ = true;
        return handle_.wait();
    }

private:
    Poco::Pipe input_, output_;
    Poco::ProcessHandle handle_;
    Poco::PipeInputStream answers_;
    Poco::PipeOutputStream orders_;
    bool ended_ = false;
};

/// Like EmbeddedRig, on the machine's clock, which the processes share.
struct SharedFile {
    TempFolder folder;
    SystemClock clock;
    LogBook book;
    embedded::Settings settings;

    SharedFile() {
        settings.path = folder.file("cache.db");
        settings.maxBytes = 4 << 20;
    }
    std::unique_ptr<embedded::EmbeddedStore> store() {
        return std::make_unique<embedded::EmbeddedStore>(settings, clock, book.log());
    }
    Deadline soon() const { return Deadline::in(clock, std::chrono::seconds(20)); }
};

/// The round and number of the write that stands at a key; the whole of it must be there.
std::pair<int, int> writeAt(SharedFile& shared, spi::RemoteStore& store, const std::string& name) {
    const Key key = name;
    const auto answer = store.get({&key, 1}, shared.soon())[0];
    REQUIRE_MESSAGE(answer.ok(), answer.error().message);
    if (answer.value().empty()) return {-1, -1};
    const auto envelope = decodeEnvelope(answer.value());
    REQUIRE_MESSAGE(envelope.ok(), envelope.error().message);
    const std::string payload(envelope.value().payload);
    const int round = std::stoi(payload);
    const int number = std::stoi(payload.substr(payload.find('/') + 1));
    REQUIRE(payload.size() - payload.rfind('/') - 1 ==
            static_cast<std::size_t>(number * 37 % 9000));
    REQUIRE("k" + std::to_string(number % 200) == name);
    return {round, number};
}

}  // namespace

TEST_CASE("KillingAWriterFiftyTimesCorruptsNothing") {
    SharedFile shared;
    std::unique_ptr<embedded::EmbeddedStore> running = shared.store();
    std::uint64_t acknowledged = 0;
    for (int round = 1; round <= 50; ++round) {
        // With another process on the file, or alone: then the next to open it recovers it.
        if (round % 2 == 0) running.reset();
        if (round % 2 == 1 && !running) running = shared.store();
        int last = -1;
        {
            Other writer("write", shared.settings.path, std::to_string(round));
            const int enough = round * 7 % 97;
            while (last < enough) last = std::stoi(writer.line());
            writer.kill();
            for (std::string line = writer.line(); !line.empty(); line = writer.line())
                last = std::stoi(line);
        }
        acknowledged += static_cast<std::uint64_t>(last) + 1;
        const auto fresh = shared.store();
        for (int i = 0; i < 200; ++i) {
            const std::string key = "k" + std::to_string(i);
            const auto [foundRound, number] = writeAt(shared, *fresh, key);
            // Everything acknowledged is there: this write, or a later one of the same round.
            const int newest = last - (last - i % 200 + 200) % 200;
            if (newest >= 0) {
                REQUIRE(foundRound == round);
                REQUIRE(number >= newest);
            }
        }
        Other after("put", shared.settings.path);
        after.order("after works");
        REQUIRE_FALSE(after.line().empty());
        CHECK(EmbeddedRig::counterOf(*fresh, "recreated") == 0);
    }
    MESSAGE(acknowledged << " writes were acknowledged before 50 kills");
    CHECK(shared.book.lines().empty());
}

TEST_CASE("TwoProcessesOnOneFileHearEachOther") {
    struct Ear final : spi::BusListener {
        Mutex mutex;
        CondVar changed;
        bool covered = false;
        std::size_t gaps = 0;
        std::map<std::string, std::int64_t> heard;
        void onChanges(std::span<const spi::KeyChange> changes) override {
            const auto now = std::chrono::duration_cast<std::chrono::microseconds>(
                std::chrono::steady_clock::now().time_since_epoch());
            MutexLock lock(mutex);
            for (const spi::KeyChange& change : changes) heard.emplace(change.key, now.count());
            changed.notifyAll();
        }
        void onGap(std::optional<unsigned>) override {
            MutexLock lock(mutex);
            ++gaps;
        }
        void onCoverage(bool now) override {
            MutexLock lock(mutex);
            covered = now;
            changed.notifyAll();
        }
    };
    SharedFile shared;
    const auto store = shared.store();
    embedded::ChangeLogBus bus(shared.settings, shared.clock, shared.book.log());
    Ear ear;
    REQUIRE(bus.start(ear).ok());
    const auto awaitEar = [&](auto condition) {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
        MutexLock lock(ear.mutex);
        while (!condition() && std::chrono::steady_clock::now() < end)
            ear.changed.waitUntil(ear.mutex, end);
        return condition();
    };
    REQUIRE(awaitEar([&] { return ear.covered; }));
    Other other("put", shared.settings.path);
    std::vector<std::int64_t> delays;
    for (int i = 0; i < 100; ++i) {
        const std::string key = "k" + std::to_string(i);
        other.order(key + " payload" + std::to_string(i));
        const std::int64_t acknowledged = std::stoll(other.line());
        REQUIRE(awaitEar([&] { return ear.heard.count(key) == 1; }));
        delays.push_back(ear.heard.at(key) - acknowledged);
        const Key asked = key;
        const auto answer = store->get({&asked, 1}, shared.soon())[0];
        REQUIRE(answer.ok());
        CHECK(decodeEnvelope(answer.value()).value().payload == "payload" + std::to_string(i));
    }
    bus.stop();
    std::sort(delays.begin(), delays.end());
    const std::int64_t bound = 1000 * bus.stalenessBound().count();
    const auto within = std::count_if(delays.begin(), delays.end(),
                                      [&](std::int64_t delay) { return delay <= bound; });
    MESSAGE("heard after " << delays[50] << " us in the middle, " << delays[99]
                           << " us at most; declared: " << bound << " us; within it: " << within
                           << " of 100");
    CHECK(ear.gaps == 0);
    CHECK(ear.covered);
}

TEST_CASE("AChangeIsHeardAtTheNextPoll") {
    struct Ear final : spi::BusListener {
        Mutex mutex;
        CondVar changed;
        std::size_t calls = 0, changes = 0;
        void onChanges(std::span<const spi::KeyChange> heard) override { note(heard.size()); }
        void onGap(std::optional<unsigned>) override { note(0); }
        void onCoverage(bool) override { note(0); }
        void note(std::size_t count) {
            MutexLock lock(mutex);
            ++calls;
            changes += count;
            changed.notifyAll();
        }
        void await(std::size_t wanted) {
            MutexLock lock(mutex);
            while (changes < wanted) changed.wait(mutex);
        }
    };
    EmbeddedRig rig;
    Other other("put", rig.settings.path);
    other.order("first payload");
    REQUIRE_FALSE(other.line().empty());
    const auto bus = rig.bus();
    Ear ear;
    REQUIRE(bus->start(ear).ok());
    const auto awaitIdle = [&] {
        while (rig.clock.waiters() < 1) std::this_thread::yield();
    };
    awaitIdle();
    CHECK(bus->stalenessBound() >= 2 * rig.settings.pollInterval);
    for (std::size_t i = 1; i <= 20; ++i) {
        other.order("k" + std::to_string(i) + " payload");
        REQUIRE_FALSE(other.line().empty());
        awaitIdle();
        // One interval and no more: were it not heard now, this would wait for ever.
        rig.clock.advance(rig.settings.pollInterval);
        ear.await(i);
    }
    bus->stop();
    CHECK(ear.changes == 20);
}

TEST_CASE("ProcessesThatFindADamagedFileAtOnceMoveItOnce") {
    SharedFile shared;
    for (int round = 0; round < 5; ++round) {
        for (const auto& file : fs::directory_iterator(shared.folder.path()))
            fs::remove(file.path());
        std::ofstream(shared.settings.path) << std::string(50'000, '\x5a');
        {
            std::vector<std::unique_ptr<Other>> others;
            for (int i = 0; i < 6; ++i)
                others.push_back(std::make_unique<Other>("read", shared.settings.path, "k"));
            for (auto& other : others) CHECK(other->wait() == 0);
        }
        int copies = 0;
        for (const auto& file : fs::directory_iterator(shared.folder.path())) {
            const std::string name = file.path().filename().string();
            copies += name.starts_with("cache.db.corrupt-") && !name.ends_with("-wal") &&
                      !name.ends_with("-shm");
        }
        CHECK(copies == 1);
    }
}
