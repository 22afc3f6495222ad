#include "Database.h"

#include <algorithm>
#include <thread>

namespace oxcache::embedded {
namespace {

using std::chrono::microseconds;

// A writer holds the lock for tens of microseconds, so the first waits are as short.
microseconds pauseAfter(int attempts) {
    return std::min(microseconds(50) * (1 << std::min(attempts, 6)), microseconds(2000));
}

FailureKind kindOf(int code) {
    switch (code & 0xff) {
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
        case SQLITE_PROTOCOL:
            return FailureKind::Busy;
        // An index that contradicts its table.
        case SQLITE_CONSTRAINT:
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
            return FailureKind::Corrupt;
        case SQLITE_FULL:
            return FailureKind::Full;
        default:
            return code == SQLITE_IOERR_SHORT_READ ? FailureKind::Corrupt : FailureKind::Unusable;
    }
}

}  // namespace

Database::Database(const std::string& path, Clock& clock, Duration busyTimeout)
    : clock_(clock), busyTimeout_(busyTimeout) {
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    const int code = sqlite3_open_v2(path.c_str(), &handle_, flags, nullptr);
    if (code != SQLITE_OK) {
        const std::string text =
            handle_ != nullptr ? sqlite3_errmsg(handle_) : sqlite3_errstr(code);
        sqlite3_close(handle_);
        throw Failure(kindOf(code), "opening: " + text);
    }
    sqlite3_extended_result_codes(handle_, 1);
    sqlite3_busy_handler(handle_, &Database::onBusy, this);
    // The -wal and -shm files stay when the last connection closes: SQLite would delete them by
    // name, which may be those of a database that has replaced this one in the meantime.
    int persist = 1;
    sqlite3_file_control(handle_, nullptr, SQLITE_FCNTL_PERSIST_WAL, &persist);
    sqlite3_db_config(handle_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
}

Database::~Database() { sqlite3_close(handle_); }

bool Database::moved() const noexcept {
    int moved = 0;
    const int code = sqlite3_file_control(handle_, nullptr, SQLITE_FCNTL_HAS_MOVED, &moved);
    return code == SQLITE_OK && moved != 0;
}

void Database::run(const char* sql) {
    waited_ = {};
    const int code = sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) fail(code, sql);
}

std::int64_t Database::number(const char* sql) {
    Statement statement(*this, sql);
    return statement.step() ? statement.integer(0) : 0;
}

void Database::fail(int code, const char* doing) const {
    FailureKind kind = kindOf(code);
    const std::string_view text = sqlite3_errmsg(handle_);
    // A table or column that a sound file has.
    if (code == SQLITE_ERROR && text.starts_with("no such")) kind = FailureKind::Corrupt;
    if (kind == FailureKind::Busy && deadline_.passed(clock_)) kind = FailureKind::Late;
    throw Failure(kind, std::string(text) + " (" + doing + ")");
}

int Database::onBusy(void* self, int attempts) noexcept {
    Database& database = *static_cast<Database*>(self);
    if (attempts == 0) database.waited_ = {};
    if (database.deadline_.passed(database.clock_)) return 0;
    // Counted, not measured: a manual clock stands still while another process holds the lock.
    if (database.waited_ >= database.busyTimeout_) return 0;
    const microseconds pause = pauseAfter(attempts);
    std::this_thread::sleep_for(pause);
    database.waited_ += pause;
    return 1;
}

Statement::Statement(Database& database, const char* sql) : database_(database) {
    const int code = sqlite3_prepare_v3(database.handle(), sql, -1, SQLITE_PREPARE_PERSISTENT,
                                        &statement_, nullptr);
    if (code != SQLITE_OK) database.fail(code, sql);
}

Statement::~Statement() { sqlite3_finalize(statement_); }

Statement& Statement::bind(int at, std::int64_t value) {
    const int code = sqlite3_bind_int64(statement_, at, value);
    if (code != SQLITE_OK) database_.fail(code, "binding a number");
    return *this;
}

Statement& Statement::bind(int at, BytesView value) {
    // A null pointer would bind NULL, not empty bytes.
    const char* data = value.data() != nullptr ? value.data() : "";
    const int code = sqlite3_bind_blob64(statement_, at, data, value.size(), SQLITE_STATIC);
    if (code != SQLITE_OK) database_.fail(code, "binding bytes");
    return *this;
}

bool Statement::step() {
    const int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    try {
        database_.fail(code, sqlite3_sql(statement_));
    } catch (...) {
        reset();
        throw;
    }
}

void Statement::reset() noexcept { sqlite3_reset(statement_); }

void Statement::run() {
    while (step()) {
    }
    reset();
}

std::int64_t Statement::integer(int column) const noexcept {
    return sqlite3_column_int64(statement_, column);
}

BytesView Statement::bytes(int column) const noexcept {
    const void* data = sqlite3_column_blob(statement_, column);
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
    return data == nullptr ? BytesView() : BytesView(static_cast<const char*>(data), size);
}

}  // namespace oxcache::embedded
