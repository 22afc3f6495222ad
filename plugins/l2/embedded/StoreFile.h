#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "Database.h"
#include "FileLock.h"
#include "Settings.h"
#include "oxcache/spi/Plugin.h"

namespace oxcache::embedded {

using Log = std::function<void(spi::LogLevel, const std::string&)>;

/// The file at the configured path: opens it, makes it when it is missing, and moves it aside when
/// it is corrupt. Opening and moving happen under `<path>.lock`, so that any number of processes
/// may find the same fault at once. Thread-safe.
class StoreFile {
public:
    StoreFile(const Settings& settings, Clock& clock, Log log);

    /// A connection to a file of our schema. A corrupt file is replaced by an empty one. Throws
    /// Failure, never Corrupt.
    std::unique_ptr<Database> open(Deadline deadline);
    /// The same, but a corrupt file is left to a store: throws Failure(Corrupt).
    std::unique_ptr<Database> openSound(Deadline deadline);
    /// Moves aside the file in which `broken` met a fault, unless another has done so.
    void replace(const Database& broken, const std::string& fault, Deadline deadline);
    /// To be called before a connection whose file has moved is given up: what it leaves beside the
    /// path must not be taken for the journal of the file that lies there now.
    void abandon(const Database& moved, Deadline deadline);

    const std::string& path() const noexcept { return path_; }
    /// Files moved aside by this process.
    std::uint64_t recreated() const noexcept { return recreated_.load(); }

private:
    FileLock lock(Deadline deadline) const;
    void prepareFolder() const;
    void finishMove(FileLock& lock) const;
    std::unique_ptr<Database> connect(Deadline deadline) const;
    void clearWay() const;
    void configure(Database& database) const;
    void moveAside(FileLock& lock, const std::string& fault);
    std::string freeName() const;
    void forgetOldCopies() const;

    const Settings settings_;
    const std::string path_;
    Clock& clock_;
    const Log log_;
    std::atomic<std::uint64_t> recreated_{0};
};

}  // namespace oxcache::embedded
