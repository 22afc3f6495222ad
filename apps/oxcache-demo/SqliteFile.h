#pragma once

#include <cstdint>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace oxcache::demo {

/// A SQLite database file, open. Not thread-safe. Failures are Poco::IOException that name the
/// file and what SQLite says.
class SqliteFile {
public:
    enum class Mode { Read, Create };

    SqliteFile(const std::string& path, Mode mode);
    ~SqliteFile();
    SqliteFile(const SqliteFile&) = delete;
    SqliteFile& operator=(const SqliteFile&) = delete;

    const std::string& path() const noexcept { return path_; }
    /// Runs statements that give no rows.
    void run(const char* sql);
    [[noreturn]] void fail(const std::string& doing) const;

private:
    friend class SqliteStatement;
    const std::string path_;
    sqlite3* handle_ = nullptr;
};

/// A prepared statement of a file that outlives it. Bound text is copied.
class SqliteStatement {
public:
    SqliteStatement(SqliteFile& file, const char* sql);
    ~SqliteStatement();
    SqliteStatement(const SqliteStatement&) = delete;
    SqliteStatement& operator=(const SqliteStatement&) = delete;

    /// Parameters from 1.
    SqliteStatement& bind(int parameter, std::string_view text);
    SqliteStatement& bind(int parameter, std::int64_t number);
    /// True when there is a row.
    bool step();
    /// Steps to the end and makes the statement ready for other values.
    void execute();
    /// Columns from 0; valid until the next step.
    std::string_view text(int column) const;
    std::int64_t number(int column) const;
    bool isInteger(int column) const;
    int columns() const;
    const char* name(int column) const;

private:
    SqliteFile& file_;
    sqlite3_stmt* handle_ = nullptr;
};

}  // namespace oxcache::demo
