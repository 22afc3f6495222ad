#include <doctest/doctest.h>

#include <fstream>
#include <thread>

#include "EmbeddedRig.h"

using namespace oxcache;
using namespace oxcache::testing;

namespace {

namespace fs = std::filesystem;

constexpr int kKeys = 2000;

void write(const std::string& path, const std::string& content) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
}

std::string contentOf(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

void overwrite(const std::string& path, std::uintmax_t from, std::size_t size, char with) {
    std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(static_cast<std::streamoff>(from));
    file << std::string(size, with);
}

std::string garbage(std::size_t size) {
    std::string bytes(size, '\0');
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 2654435761u >> 13);
    return bytes;
}

/// Files moved aside, journals left out.
std::vector<std::string> copiesOf(const EmbeddedRig& rig) {
    std::vector<std::string> copies;
    for (const auto& file : fs::directory_iterator(rig.folder.path())) {
        const std::string name = file.path().filename().string();
        if (name.starts_with("cache.db.corrupt-") && !name.ends_with("-wal") &&
            !name.ends_with("-shm"))
            copies.push_back(file.path().string());
    }
    return copies;
}

std::string keyOf(int i) { return "key:" + std::to_string(i); }
std::string payloadOf(int i) {
    return std::string(300, static_cast<char>('a' + i % 26)) + keyOf(i);
}

void fill(EmbeddedRig& rig, spi::RemoteStore& store) {
    std::vector<std::string> keys;
    std::vector<Bytes> envelopes;
    std::vector<spi::Put> puts;
    for (int i = 0; i < kKeys; ++i) {
        keys.push_back(keyOf(i));
        envelopes.push_back(rig.value(payloadOf(i)));
    }
    for (std::size_t i = 0; i < kKeys; ++i)
        puts.push_back({keys[i],
                        spi::PutMode::Overwrite,
                        envelopes[i],
                        {},
                        rig.clock.wallMs() + 600'000,
                        true});
    for (const auto& outcome : store.put(puts, rig.soon())) REQUIRE(outcome.ok());
}

/// Reads every key; none may fail, none may be anything but its own value or a miss.
int readAll(EmbeddedRig& rig, spi::RemoteStore& store) {
    int found = 0;
    for (int i = 0; i < kKeys; ++i) {
        const auto answer = rig.get(store, keyOf(i));
        REQUIRE_MESSAGE(answer.ok(), answer.error().message);
        if (answer.value().empty()) continue;
        const auto envelope = decodeEnvelope(answer.value());
        REQUIRE(envelope.ok());
        REQUIRE(envelope.value().payload == payloadOf(i));
        ++found;
    }
    return found;
}

void requireWorks(EmbeddedRig& rig, spi::RemoteStore& store) {
    const Bytes envelope = rig.value("works");
    const auto outcome = rig.put(store, "after", envelope);
    REQUIRE_MESSAGE(outcome.ok(), outcome.error().message);
    CHECK(rig.bytesAt(store, "after") == envelope);
}

void filledAndClosed(EmbeddedRig& rig) {
    const auto store = rig.store();
    fill(rig, *store);
}

}  // namespace

TEST_CASE("AFileThatIsNoDatabaseIsMovedAside") {
    EmbeddedRig rig;
    const std::string bytes = garbage(100'000);
    write(rig.settings.path, bytes);
    const auto store = rig.store();
    CHECK(rig.bytesAt(*store, "k").empty());
    requireWorks(rig, *store);
    CHECK(rig.counterOf(*store, "recreated") == 1);
    CHECK(rig.book.count("is corrupt") == 1);
    REQUIRE(copiesOf(rig).size() == 1);
    CHECK((contentOf(copiesOf(rig)[0]) == bytes));
}

TEST_CASE("ATruncatedFileIsMovedAside") {
    for (const double share : {0.1, 0.5, 0.9}) {
        EmbeddedRig rig;
        filledAndClosed(rig);
        const auto size = static_cast<double>(fs::file_size(rig.settings.path));
        fs::resize_file(rig.settings.path, static_cast<std::uintmax_t>(size * share));
        const auto store = rig.store();
        readAll(rig, *store);
        requireWorks(rig, *store);
        CHECK(rig.counterOf(*store, "recreated") == 1);
        CHECK(copiesOf(rig).size() == 1);
    }
}

TEST_CASE("AMalformedPageIsFoundAndTheFileMovedAside") {
    EmbeddedRig rig;
    filledAndClosed(rig);
    const std::uintmax_t size = fs::file_size(rig.settings.path);
    REQUIRE(size > 100 * 4096);
    overwrite(rig.settings.path, size / 4096 / 2 * 4096, 8 * 4096, '\x5a');
    const auto store = rig.store();
    CHECK(readAll(rig, *store) < kKeys);
    requireWorks(rig, *store);
    CHECK(rig.counterOf(*store, "recreated") == 1);
    CHECK(rig.book.count("is corrupt") == 1);
}

TEST_CASE("AMalformedPageIsFoundByWritesToo") {
    EmbeddedRig rig;
    filledAndClosed(rig);
    const std::uintmax_t size = fs::file_size(rig.settings.path);
    overwrite(rig.settings.path, 4096, size - 4096, '\x5a');
    const auto store = rig.store();
    const Bytes envelope = rig.value("v");
    for (int i = 0; i < 50; ++i) CHECK(rig.stored(*store, keyOf(i * 40), envelope));
    CHECK(rig.bytesAt(*store, keyOf(49 * 40)) == envelope);
    CHECK(rig.counterOf(*store, "recreated") == 1);
}

TEST_CASE("AnEmptyFileIsUsed") {
    EmbeddedRig rig;
    write(rig.settings.path, "");
    const auto store = rig.store();
    CHECK(rig.bytesAt(*store, "k").empty());
    requireWorks(rig, *store);
    CHECK(rig.counterOf(*store, "recreated") == 0);
}

TEST_CASE("AFileOfAnotherSchemaVersionIsMovedAside") {
    for (const char* change : {"PRAGMA user_version = 99", "PRAGMA application_id = 5",
                               "ALTER TABLE entries ADD COLUMN extra BLOB", "DROP TABLE changes"}) {
        EmbeddedRig rig;
        filledAndClosed(rig);
        {
            SystemClock clock;
            embedded::Database database(rig.settings.path, clock, Duration(1000));
            database.run(change);
        }
        const auto store = rig.store();
        CHECK(rig.bytesAt(*store, keyOf(1)).empty());
        requireWorks(rig, *store);
        CHECK_MESSAGE(rig.counterOf(*store, "recreated") == 1, change);
    }
}

TEST_CASE("ADatabaseOfAnotherProgramIsLeftAlone") {
    EmbeddedRig rig;
    {
        SystemClock clock;
        embedded::Database database(rig.settings.path, clock, Duration(1000));
        database.run("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT)");
    }
    const std::string before = contentOf(rig.settings.path);
    const auto store = rig.store();
    const auto answer = rig.get(*store, "k");
    REQUIRE_FALSE(answer.ok());
    CHECK((answer.error().code == ErrorCode::Unavailable));
    CHECK(answer.error().message.find("another program") != std::string::npos);
    CHECK((rig.put(*store, "k", rig.value("v")).error().code == ErrorCode::Unavailable));
    CHECK((contentOf(rig.settings.path) == before));
    CHECK(copiesOf(rig).empty());
}

TEST_CASE("AFolderAtThePathIsAnErrorUntilItIsGone") {
    EmbeddedRig rig;
    fs::create_directory(rig.settings.path);
    const auto store = rig.store();
    const auto answer = rig.get(*store, "k");
    REQUIRE_FALSE(answer.ok());
    CHECK((answer.error().code == ErrorCode::Unavailable));
    CHECK(answer.error().message.find(rig.settings.path) != std::string::npos);
    CHECK(answer.error().message.find("not a regular file") != std::string::npos);
    CHECK_FALSE(store->time(rig.soon()).ok());
    CHECK(fs::is_directory(rig.settings.path));
    fs::remove(rig.settings.path);
    requireWorks(rig, *store);
    CHECK(rig.book.count("not a regular file") == 1);
    CHECK(rig.book.count("works again") == 1);
}

TEST_CASE("AMissingFolderIsMadeOneLevelDeep") {
    EmbeddedRig rig;
    rig.settings.path = rig.folder.file("state/cache.db");
    requireWorks(rig, *rig.store());
    rig.settings.path = rig.folder.file("a/b/cache.db");
    const auto store = rig.store();
    const auto answer = rig.get(*store, "k");
    REQUIRE_FALSE(answer.ok());
    CHECK(answer.error().message.find("a/b is missing and cannot be made") != std::string::npos);
    fs::create_directory(rig.folder.file("a"));
    requireWorks(rig, *store);
}

TEST_CASE("APathThatCannotBeWrittenIsUnavailableUntilItCan") {
    EmbeddedRig rig;
    write(rig.folder.file("file"), "no folder");
    rig.settings.path = rig.folder.file("file/cache.db");
    const auto store = rig.store();
    const auto answer = rig.put(*store, "k", rig.value("v"));
    REQUIRE_FALSE(answer.ok());
    CHECK((answer.error().code == ErrorCode::Unavailable));
    CHECK((store->time(rig.soon()).error().code == ErrorCode::Unavailable));
    fs::remove(rig.folder.file("file"));
    requireWorks(rig, *store);
    CHECK(store->time(rig.soon()).ok());
}

TEST_CASE("AFileDeletedUnderARunningStoreIsMadeAnew") {
    EmbeddedRig rig;
    const auto store = rig.store(), other = rig.store();
    fill(rig, *store);
    fs::remove(rig.settings.path);
    CHECK(rig.bytesAt(*store, keyOf(1)).empty());
    const Bytes envelope = rig.value("new");
    CHECK(rig.stored(*other, "new", envelope));
    CHECK(rig.bytesAt(*store, "new") == envelope);
    CHECK(readAll(rig, *other) == 0);
    CHECK(rig.bytesAt(*rig.store(), "new") == envelope);
}

TEST_CASE("AFileReplacedUnderARunningStoreIsReopened") {
    EmbeddedRig rig, elsewhere;
    const Bytes envelope = elsewhere.value("elsewhere");
    CHECK(elsewhere.stored(*elsewhere.store(), "k", envelope));
    const auto store = rig.store();
    fill(rig, *store);
    fs::rename(elsewhere.settings.path, rig.settings.path);
    CHECK(rig.bytesAt(*store, "k") == envelope);
    CHECK(readAll(rig, *store) == 0);
    requireWorks(rig, *store);
    CHECK(rig.counterOf(*store, "recreated") == 0);
}

TEST_CASE("AFileDamagedUnderARunningStoreNeverGivesAWrongValue") {
    for (const int kind : {0, 1, 2}) {
        EmbeddedRig rig;
        filledAndClosed(rig);
        const auto store = rig.store();
        CHECK(readAll(rig, *store) == kKeys);
        const std::uintmax_t size = fs::file_size(rig.settings.path);
        if (kind == 0) overwrite(rig.settings.path, 0, size, '\x5a');
        if (kind == 1) fs::resize_file(rig.settings.path, size / 3);
        if (kind == 2) fs::resize_file(rig.settings.path, 0);
        // Changes something, so that cached pages are read again.
        const auto other = rig.store();
        CHECK(rig.stored(*other, "touched", rig.value("v")));
        readAll(rig, *store);
        requireWorks(rig, *store);
        requireWorks(rig, *other);
        const auto third = rig.store();
        requireWorks(rig, *third);
    }
}

TEST_CASE("StoresThatFindTheFaultAtOnceMoveTheFileOnce") {
    for (int round = 0; round < 10; ++round) {
        EmbeddedRig rig;
        filledAndClosed(rig);
        overwrite(rig.settings.path, 4096 * 4, fs::file_size(rig.settings.path) - 4096 * 4, '\x5a');
        std::vector<std::unique_ptr<embedded::EmbeddedStore>> stores;
        for (int i = 0; i < 4; ++i) stores.push_back(rig.store());
        std::vector<std::thread> threads;
        std::atomic<int> failures{0};
        for (auto& store : stores)
            threads.emplace_back([&rig, &failures, one = store.get()] {
                for (int i = 0; i < 20; ++i) failures += rig.get(*one, keyOf(i)).ok() ? 0 : 1;
            });
        for (std::thread& thread : threads) thread.join();
        CHECK(failures == 0);
        CHECK(copiesOf(rig).size() == 1);
        for (auto& store : stores) requireWorks(rig, *store);
    }
}

TEST_CASE("AMoveThatWasInterruptedIsFinished") {
    EmbeddedRig rig;
    filledAndClosed(rig);
    const std::string target = rig.settings.path + ".corrupt-20300101T000000.000";
    write(rig.settings.path + ".lock", target);
    const auto store = rig.store();
    CHECK(readAll(rig, *store) == 0);
    requireWorks(rig, *store);
    CHECK(fs::exists(target));
    CHECK(fs::exists(target + "-wal"));
    CHECK(contentOf(rig.settings.path + ".lock").empty());
}

TEST_CASE("OnlyTheNewestCorruptCopiesAreKept") {
    EmbeddedRig rig;
    for (int i = 0; i < 6; ++i) {
        fs::remove(rig.settings.path + "-wal");
        write(rig.settings.path, garbage(5000) + std::to_string(i));
        requireWorks(rig, *rig.store());
        rig.clock.advance(std::chrono::seconds(1));
    }
    CHECK(copiesOf(rig).size() == 3);
    for (const std::string& copy : copiesOf(rig)) CHECK(contentOf(copy).back() >= '3');
}

TEST_CASE("TheBusReportsAReplacedFileAsAGap") {
    struct Ear final : spi::BusListener {
        Mutex mutex;
        std::vector<std::string> events;
        void note(std::string event) {
            MutexLock lock(mutex);
            events.push_back(std::move(event));
        }
        void onChanges(std::span<const spi::KeyChange>) override { note("changes"); }
        void onGap(std::optional<unsigned>) override { note("gap"); }
        void onCoverage(bool covered) override { note(covered ? "covered" : "uncovered"); }
        std::size_t count() {
            MutexLock lock(mutex);
            return events.size();
        }
    };
    EmbeddedRig rig;
    const auto store = rig.store();
    const auto bus = rig.bus();
    Ear ear;
    REQUIRE(bus->start(ear).ok());
    const auto awaitEvents = [&](std::size_t count) {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
        while (ear.count() < count && std::chrono::steady_clock::now() < end) {
            rig.clock.advance(rig.settings.pollInterval);
            std::this_thread::yield();
        }
        REQUIRE(ear.count() >= count);
    };
    awaitEvents(1);
    fs::remove(rig.settings.path);
    awaitEvents(4);
    CHECK(rig.stored(*store, "k", rig.value("v")));
    awaitEvents(5);
    bus->stop();
    REQUIRE(ear.events.size() == 5);
    CHECK((ear.events ==
           std::vector<std::string>{"covered", "uncovered", "gap", "covered", "changes"}));
}
