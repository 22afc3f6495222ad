#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <sqlite3.h>

#include "Route.h"
#include "oxcache/base/Deadline.h"
#include "oxcache/base/Result.h"
#include "oxcache/spi/FallbackStore.h"

namespace oxcache::sqlite {

/// Bounds what runs on a connection by a deadline, for a scope: a running statement is interrupted,
/// a locked database is asked again until then. One per connection at a time.
class Guard {
public:
    Guard(sqlite3* db, const Clock& clock, Deadline deadline);
    ~Guard();
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;

    bool passed() const { return deadline_.passed(clock_); }

private:
    static int onProgress(void* self);
    static int onBusy(void* self, int attempt);

    sqlite3* const db_;
    const Clock& clock_;
    const Deadline deadline_;
};

/// A prepared statement; owned, for one thread at a time.
class Statement {
public:
    /// Exactly one statement that reads and gives columns; the error says what else it is.
    static Result<Statement> prepare(sqlite3* db, std::string_view sql);

    sqlite3_stmt* get() const { return statement_.get(); }
    std::vector<std::string> columns() const;
    /// Names of the parameters as written, by position.
    std::vector<std::string> parameters() const;
    void bind(int parameter, const BoundValue& value) const;
    /// True at a row, false after the last.
    Result<bool> step() const;

    /// From here to the end of the scope the statement may be bound and stepped; then it forgets
    /// its values. The values outlive it.
    class Run {
    public:
        explicit Run(const Statement& statement) : statement_(statement) {}
        ~Run();
        Run(const Run&) = delete;
        Run& operator=(const Run&) = delete;

    private:
        const Statement& statement_;
    };

private:
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
    };
    using Handle = std::unique_ptr<sqlite3_stmt, Finalize>;
    explicit Statement(Handle statement) : statement_(std::move(statement)) {}

    Handle statement_;
};

/// The row that a statement stands at, from that column on, as README.md says: one column is its
/// bytes, NULL is Absent, several are a JSON object.
spi::FallbackReply readRow(sqlite3_stmt* statement, int firstColumn);

/// Reads from the file; says so when it is no database, or locked.
Result<void> readSchema(sqlite3* db);

/// What SQLite's code means here: Timeout when the deadline ended it, else Unavailable with
/// SQLite's own words.
Error errorOf(sqlite3* db, int code);

}  // namespace oxcache::sqlite
