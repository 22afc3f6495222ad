#include "StoreFile.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <filesystem>

#include <sys/stat.h>
#include <unistd.h>

#include "Schema.h"

namespace oxcache::embedded {
namespace {

namespace fs = std::filesystem;

constexpr const char* kJournals[] = {"-wal", "-shm"};
constexpr std::size_t kKeptCopies = 3;
// Pages of the journal beyond which it is copied into the file.
constexpr std::int64_t kLeastJournal = 256;
constexpr std::int64_t kMostJournal = 4096;

std::string resolved(const std::string& path) {
    // SQLite follows symbolic links and puts its journals beside the target; so do we.
    std::error_code ignored;
    const fs::path target = fs::weakly_canonical(path, ignored);
    return ignored ? path : target.string();
}

void renameIfThere(const std::string& from, const std::string& to) {
    if (std::rename(from.c_str(), to.c_str()) != 0 && errno != ENOENT)
        throw Failure(FailureKind::Unusable,
                      "cannot move " + from + " to " + to + ": " + std::strerror(errno));
}

void removeIfThere(const std::string& path) {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT)
        throw Failure(FailureKind::Unusable, "cannot delete " + path + ": " + std::strerror(errno));
}

std::string timeText(std::int64_t wallMs) {
    const auto seconds = static_cast<std::time_t>(wallMs / 1000);
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    char text[40];
    const std::size_t size = std::strftime(text, sizeof text, "%Y%m%dT%H%M%S", &parts);
    const std::string thousandths = std::to_string(1000 + wallMs % 1000).substr(1);
    return std::string(text, size) + "." + thousandths;
}

}  // namespace

StoreFile::StoreFile(const Settings& settings, Clock& clock, Log log)
    : settings_(settings), path_(resolved(settings.path)), clock_(clock), log_(std::move(log)) {}

std::unique_ptr<Database> StoreFile::open(Deadline deadline) {
    prepareFolder();
    FileLock held = lock(deadline);
    finishMove(held);
    try {
        return connect(deadline);
    } catch (const Failure& failure) {
        if (failure.kind() != FailureKind::Corrupt) throw;
        moveAside(held, failure.what());
    }
    return connect(deadline);
}

std::unique_ptr<Database> StoreFile::openSound(Deadline deadline) {
    prepareFolder();
    FileLock held = lock(deadline);
    finishMove(held);
    return connect(deadline);
}

void StoreFile::replace(const Database& broken, const std::string& fault, Deadline deadline) {
    FileLock held = lock(deadline);
    finishMove(held);
    if (!broken.moved()) moveAside(held, fault);
}

void StoreFile::abandon(const Database& moved, Deadline deadline) {
    FileLock held = lock(deadline);
    finishMove(held);
    struct stat at {};
    const std::string wal = path_ + kJournals[0];
    if (::stat(wal.c_str(), &at) != 0 || at.st_ino != moved.journalInode()) return;
    for (const char* journal : kJournals) removeIfThere(path_ + journal);
}

FileLock StoreFile::lock(Deadline deadline) const {
    return FileLock(path_ + ".lock", clock_, deadline, settings_.busyTimeout);
}

void StoreFile::prepareFolder() const {
    const fs::path folder = fs::path(path_).parent_path();
    std::error_code error;
    if (folder.empty() || fs::is_directory(folder, error)) return;
    fs::create_directory(folder, error);
    if (error && !fs::is_directory(folder))
        throw Failure(FailureKind::Unusable, "the folder " + folder.string() +
                                                 " is missing and cannot be made: " +
                                                 error.message() + "; make it or set another path");
}

void StoreFile::finishMove(FileLock& lock) const {
    const std::string target = lock.note();
    if (target.empty()) return;
    // The journals first: beside a new file they would be taken for its own.
    for (const char* journal : kJournals) renameIfThere(path_ + journal, target + journal);
    renameIfThere(path_, target);
    lock.note("");
}

std::unique_ptr<Database> StoreFile::connect(Deadline deadline) const {
    clearWay();
    auto database = std::make_unique<Database>(path_, clock_, settings_.busyTimeout);
    database->waitUntil(deadline);
    // Both take effect in an empty file only.
    database->run("PRAGMA page_size = 4096; PRAGMA auto_vacuum = INCREMENTAL");
    switch (inspectSchema(*database)) {
        case SchemaState::New:
            database->run("PRAGMA journal_mode = WAL");
            createSchema(*database);
            break;
        case SchemaState::Ours:
            break;
        case SchemaState::Broken:
            throw Failure(FailureKind::Corrupt,
                          "its schema is not of version " + std::to_string(kSchemaVersion));
        case SchemaState::Foreign:
            throw Failure(FailureKind::Unusable,
                          "it is a database of another program; set a path of its own");
    }
    configure(*database);
    return database;
}

/// Makes sure that SQLite meets a file with content, or nothing at all.
void StoreFile::clearWay() const {
    struct stat at {};
    const bool there = ::stat(path_.c_str(), &at) == 0;
    if (there && !S_ISREG(at.st_mode))
        throw Failure(FailureKind::Unusable, "it is not a regular file; set another path");
    if (there && at.st_size > 0) return;
    // Unlinked even when empty, so that who still has it open sees that it is gone.
    removeIfThere(path_);
    for (const char* journal : kJournals) removeIfThere(path_ + journal);
}

void StoreFile::configure(Database& database) const {
    const auto set = [&](const char* pragma, std::int64_t value) {
        database.run(("PRAGMA " + std::string(pragma) + " = " + std::to_string(value)).c_str());
    };
    database.run(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cell_size_check = ON;"
        " PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -4096");
    const auto pages = static_cast<std::int64_t>(settings_.maxBytes) / kPageSize;
    set("max_page_count", pages);
    // A put writes about five pages to the journal; copying them into the file costs two fsync.
    const std::int64_t journal = std::clamp(pages / 4, kLeastJournal, kMostJournal);
    set("wal_autocheckpoint", journal);
    set("journal_size_limit", journal * kPageSize);
    struct stat at {};
    if (::stat((path_ + kJournals[0]).c_str(), &at) == 0) database.journalInode(at.st_ino);
}

void StoreFile::moveAside(FileLock& lock, const std::string& fault) {
    const std::string target = freeName();
    lock.note(target);
    finishMove(lock);
    forgetOldCopies();
    recreated_.fetch_add(1);
    log_(spi::LogLevel::Warning, path_ + " is corrupt (" + fault + "); it was moved to " + target +
                                     " and an empty one takes its place");
}

std::string StoreFile::freeName() const {
    const std::string name = path_ + ".corrupt-" + timeText(clock_.wallMs());
    std::string free = name;
    for (int i = 1; fs::exists(free); ++i) free = name + "." + std::to_string(i);
    return free;
}

void StoreFile::forgetOldCopies() const {
    const fs::path path(path_);
    const std::string prefix = path.filename().string() + ".corrupt-";
    std::vector<std::string> copies;
    std::error_code ignored;
    for (const auto& file : fs::directory_iterator(path.parent_path(), ignored)) {
        const std::string name = file.path().filename().string();
        if (!name.starts_with(prefix) || name.ends_with("-wal") || name.ends_with("-shm")) continue;
        copies.push_back(file.path().string());
    }
    std::sort(copies.begin(), copies.end());
    for (std::size_t i = 0; i + kKeptCopies < copies.size(); ++i)
        for (const char* suffix : {"", "-wal", "-shm"}) fs::remove(copies[i] + suffix, ignored);
}

}  // namespace oxcache::embedded
