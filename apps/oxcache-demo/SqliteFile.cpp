#include "SqliteFile.h"

#include <Poco/Exception.h>

#include <sqlite3.h>

namespace oxcache::demo {

SqliteFile::SqliteFile(const std::string& path, Mode mode) : path_(path) {
    const int flags =
        mode == Mode::Read ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    if (sqlite3_open_v2(path.c_str(), &handle_, flags, nullptr) != SQLITE_OK) {
        const std::string why = handle_ == nullptr ? "out of memory" : sqlite3_errmsg(handle_);
        sqlite3_close(handle_);
        throw Poco::IOException(path + ": cannot be opened: " + why);
    }
    sqlite3_busy_timeout(handle_, 5000);
}

SqliteFile::~SqliteFile() { sqlite3_close(handle_); }

void SqliteFile::fail(const std::string& doing) const {
    throw Poco::IOException(path_ + ": " + doing + ": " + sqlite3_errmsg(handle_));
}

void SqliteFile::run(const char* sql) {
    if (sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) fail(sql);
}

SqliteStatement::SqliteStatement(SqliteFile& file, const char* sql) : file_(file) {
    if (sqlite3_prepare_v2(file.handle_, sql, -1, &handle_, nullptr) != SQLITE_OK) file.fail(sql);
}

SqliteStatement::~SqliteStatement() { sqlite3_finalize(handle_); }

SqliteStatement& SqliteStatement::bind(int parameter, std::string_view text) {
    // An empty view may have no address, which SQLite would take for NULL.
    const char* data = text.empty() ? "" : text.data();
    if (sqlite3_bind_text64(handle_, parameter, data, text.size(), SQLITE_TRANSIENT, SQLITE_UTF8) !=
        SQLITE_OK)
        file_.fail("binding a parameter");
    return *this;
}

SqliteStatement& SqliteStatement::bind(int parameter, std::int64_t number) {
    if (sqlite3_bind_int64(handle_, parameter, number) != SQLITE_OK)
        file_.fail("binding a parameter");
    return *this;
}

bool SqliteStatement::step() {
    const int result = sqlite3_step(handle_);
    if (result == SQLITE_ROW) return true;
    if (result != SQLITE_DONE) file_.fail(sqlite3_sql(handle_));
    return false;
}

void SqliteStatement::execute() {
    while (step()) {
    }
    sqlite3_reset(handle_);
}

std::string_view SqliteStatement::text(int column) const {
    const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(handle_, column));
    if (data == nullptr) return {};
    return {data, static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
}

std::int64_t SqliteStatement::number(int column) const {
    return sqlite3_column_int64(handle_, column);
}

bool SqliteStatement::isInteger(int column) const {
    return sqlite3_column_type(handle_, column) == SQLITE_INTEGER;
}

int SqliteStatement::columns() const { return sqlite3_column_count(handle_); }

const char* SqliteStatement::name(int column) const { return sqlite3_column_name(handle_, column); }

}  // namespace oxcache::demo
