#pragma once

#include <cstdint>
#include <string>

#include <sqlite3.h>
#include <sys/types.h>

#include "Failure.h"
#include "oxcache/base/Bytes.h"
#include "oxcache/base/Clock.h"
#include "oxcache/base/Deadline.h"

namespace oxcache::embedded {

/// An open SQLite connection that waits for locks until a deadline. For one thread at a time.
class Database {
public:
    /// Opens or creates the file; throws Failure.
    Database(const std::string& path, Clock& clock, Duration busyTimeout);
    ~Database();
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    sqlite3* handle() const noexcept { return handle_; }
    /// Until when statements wait for a lock; `busy_timeout` bounds the wait as well.
    void waitUntil(Deadline deadline) noexcept { deadline_ = deadline; }
    /// True when another file, or none, lies at the path now.
    bool moved() const noexcept;
    /// The inode of the write-ahead journal this connection works with; 0: not known.
    ino_t journalInode() const noexcept { return journalInode_; }
    void journalInode(ino_t inode) noexcept { journalInode_ = inode; }
    /// Runs statements without results; throws Failure.
    void run(const char* sql);
    /// The first column of the first row; 0 without a row.
    std::int64_t number(const char* sql);
    /// What a SQLite result code means here, with SQLite's words and `doing`.
    [[noreturn]] void fail(int code, const char* doing) const;

private:
    static int onBusy(void* self, int attempts) noexcept;

    sqlite3* handle_ = nullptr;
    Clock& clock_;
    const Duration busyTimeout_;
    Deadline deadline_ = Deadline::never();
    std::chrono::microseconds waited_{};
    ino_t journalInode_ = 0;
};

/// A prepared statement. Bound bytes are borrowed until the next reset.
class Statement {
public:
    Statement(Database& database, const char* sql);
    ~Statement();
    Statement(const Statement&) = delete;
    Statement& operator=(const Statement&) = delete;

    Statement& bind(int at, std::int64_t value);
    Statement& bind(int at, BytesView value);
    /// True: a row is there. Throws Failure; the statement is reset then.
    bool step();
    void reset() noexcept;
    /// Runs to the end and resets.
    void run();

    std::int64_t integer(int column) const noexcept;
    /// Valid until the next step or reset.
    BytesView bytes(int column) const noexcept;

private:
    Database& database_;
    sqlite3_stmt* statement_ = nullptr;
};

/// Resets a statement at the end of a scope, so that it holds no lock.
class Finish {
public:
    explicit Finish(Statement& statement) : statement_(statement) {}
    ~Finish() { statement_.reset(); }
    Finish(const Finish&) = delete;
    Finish& operator=(const Finish&) = delete;

private:
    Statement& statement_;
};

}  // namespace oxcache::embedded
