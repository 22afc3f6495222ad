#include "Statement.h"

#include <algorithm>
#include <chrono>
#include <thread>

namespace oxcache::sqlite {
namespace {

/// Between two looks at the clock, in instructions of SQLite's virtual machine: some microseconds.
constexpr int kProgressInstructions = 1000;
/// SQLite cannot wait for a lock of another process, only ask again.
constexpr Duration kLongestBusyPause{10};

Error unavailable(std::string message) { return {ErrorCode::Unavailable, std::move(message)}; }

using Handle = sqlite3_stmt*;

/// Prepares the first statement of `sql` and moves `sql` behind it; null for blanks and comments.
int prepareNext(sqlite3* db, std::string_view& sql, Handle* statement) {
    const char* rest = nullptr;
    const int code = sqlite3_prepare_v3(db, sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, statement, &rest);
    if (code == SQLITE_OK) sql.remove_prefix(static_cast<std::size_t>(rest - sql.data()));
    return code;
}

/// True when another statement follows, or something that is none.
bool moreFollows(sqlite3* db, std::string_view rest) {
    while (!rest.empty()) {
        Handle next = nullptr;
        const std::size_t before = rest.size();
        const int code = prepareNext(db, rest, &next);
        sqlite3_finalize(next);
        if (code != SQLITE_OK || next != nullptr) return true;
        if (rest.size() == before) return false;
    }
    return false;
}

}  // namespace

Guard::Guard(sqlite3* db, const Clock& clock, Deadline deadline)
    : db_(db), clock_(clock), deadline_(deadline) {
    sqlite3_progress_handler(db_, kProgressInstructions, &Guard::onProgress, this);
    sqlite3_busy_handler(db_, &Guard::onBusy, this);
}

Guard::~Guard() {
    sqlite3_progress_handler(db_, 0, nullptr, nullptr);
    sqlite3_busy_handler(db_, nullptr, nullptr);
}

int Guard::onProgress(void* self) { return static_cast<Guard*>(self)->passed() ? 1 : 0; }

int Guard::onBusy(void* self, int attempt) {
    const auto* guard = static_cast<Guard*>(self);
    if (guard->passed()) return 0;
    const Duration pause = std::min(Duration(attempt + 1), kLongestBusyPause);
    std::this_thread::sleep_for(std::min(pause, guard->deadline_.left(guard->clock_)));
    return 1;
}

Result<Statement> Statement::prepare(sqlite3* db, std::string_view sql) {
    sqlite3_stmt* raw = nullptr;
    std::string_view rest = sql;
    const int code = prepareNext(db, rest, &raw);
    if (code != SQLITE_OK) return errorOf(db, code);
    Handle statement(raw);
    if (!statement) return unavailable("the query is empty; write a SELECT");
    if (moreFollows(db, rest))
        return unavailable("it holds more than one statement; write a single SELECT");
    if (sqlite3_stmt_readonly(raw) == 0)
        return unavailable("it would change the database, but a route only reads; write a SELECT");
    if (sqlite3_column_count(raw) == 0) return unavailable("it gives no columns; write a SELECT");
    return Statement(std::move(statement));
}

std::vector<std::string> Statement::columns() const {
    std::vector<std::string> names;
    for (int i = 0; i < sqlite3_column_count(get()); ++i) {
        const char* name = sqlite3_column_name(get(), i);
        names.emplace_back(name == nullptr ? "" : name);
    }
    return names;
}

std::vector<std::string> Statement::parameters() const {
    std::vector<std::string> names;
    for (int i = 1; i <= sqlite3_bind_parameter_count(get()); ++i) {
        const char* name = sqlite3_bind_parameter_name(get(), i);
        names.emplace_back(name == nullptr ? "?" : name);
    }
    return names;
}

void Statement::bind(int parameter, const BoundValue& value) const {
    if (const auto* number = std::get_if<std::int64_t>(&value)) {
        sqlite3_bind_int64(get(), parameter, *number);
        return;
    }
    // The caller keeps the value while it runs.
    const Bytes& text = std::get<Bytes>(value);
    sqlite3_bind_text64(get(), parameter, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8);
}

Result<bool> Statement::step() const {
    const int code = sqlite3_step(get());
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    return errorOf(sqlite3_db_handle(get()), code);
}

Statement::Run::~Run() {
    sqlite3_reset(statement_.get());
    sqlite3_clear_bindings(statement_.get());
}

Result<void> readSchema(sqlite3* db) {
    const auto statement = Statement::prepare(db, "SELECT 1 FROM sqlite_schema");
    if (!statement.ok()) return statement.error();
    const auto row = statement->step();
    return row.ok() ? Result<void>() : Result<void>(row.error());
}

Error errorOf(sqlite3* db, int code) {
    const int primary = code & 0xFF;
    if (primary == SQLITE_INTERRUPT)
        return {ErrorCode::Timeout,
                "the query ran until the deadline and was stopped; make it faster (an index?) or "
                "the deadline longer"};
    if (primary == SQLITE_BUSY || primary == SQLITE_LOCKED)
        return {ErrorCode::Timeout,
                "the database stayed locked by a writer until the deadline; keep write "
                "transactions short, or use the WAL journal"};
    if (primary == SQLITE_READONLY)
        return unavailable(
            "a writer ended in the middle of a transaction, which only a writer can undo; open the "
            "database once with a program that may write to it");
    return unavailable(std::string(sqlite3_errmsg(db)) + " (SQLite code " + std::to_string(code) +
                       ")");
}

}  // namespace oxcache::sqlite
