#include "Database.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>

#include <Poco/Data/SQLite/Connector.h>
#include <Poco/ThreadPool.h>
#include <Poco/URI.h>

namespace oxcache::sqlite {
namespace {

namespace fs = std::filesystem;

/// As a URI, SQLite takes `mode=ro` from it; whatever the path holds is encoded.
std::string uriOf(const std::string& path) {
    std::string encoded;
    Poco::URI::encode(fs::absolute(path).string(), "?#%;:@&=+$,!'()* ", encoded);
    return "file://" + encoded + "?mode=ro";
}

/// Why a file cannot be opened, as far as the file system tells.
std::string whyNot(const std::string& path, std::string reason) {
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (reason.empty()) reason = error.message();
    if (status.type() == fs::file_type::not_found)
        return "'" + path + "' does not exist; create the database first, or correct the path";
    if (status.type() != fs::file_type::none && !fs::is_regular_file(status))
        return "'" + path + "' is no regular file; name the database's file";
    return "'" + path + "' cannot be opened: " + reason + "; check the path and its permissions";
}

/// The arguments that the statement's parameters take. They must be the ones that Route saw, or a
/// value would be left unbound.
Result<std::vector<std::size_t>> argumentsOf(const Route& route, const Statement& statement) {
    std::vector<std::size_t> arguments;
    for (const std::string& name : statement.parameters()) {
        const std::size_t argument = route.pattern().argument(std::string_view(name).substr(1));
        if (name.front() != ':' || argument == KeyTemplate::kNone)
            return Error{ErrorCode::Unavailable,
                         "the parameter " + name + " is no placeholder of match; use :name"};
        arguments.push_back(argument);
    }
    // SQLite counts a name once, however often it is used.
    if (arguments.size() != route.pattern().arguments())
        return Error{ErrorCode::Unavailable,
                     "not every placeholder of match is a parameter; use each as :name"};
    return arguments;
}

/// Two columns of one name cannot be members of one object.
Result<void> checkColumns(const Statement& statement) {
    std::set<std::string> seen;
    for (const std::string& name : statement.columns())
        if (!seen.insert(name).second)
            return Error{ErrorCode::Unavailable,
                         "two columns are called " + name + "; name them apart with AS"};
    return {};
}

}  // namespace

Result<const PreparedQuery*> PreparedRoutes::single(const Route& route) {
    Prepared& prepared = routes_[&route];
    if (prepared.single) return &*prepared.single;
    auto statement = Statement::prepare(db_, route.query());
    if (!statement.ok()) return statement.error();
    auto arguments = argumentsOf(route, *statement);
    if (!arguments.ok()) return arguments.error();
    if (auto checked = checkColumns(*statement); !checked.ok()) return checked.error();
    prepared.single.emplace(PreparedQuery{std::move(*statement), std::move(*arguments)});
    return &*prepared.single;
}

Result<const Statement*> PreparedRoutes::batch(const Route& route, std::size_t keys) {
    const auto known = single(route);
    if (!known.ok()) return known.error();
    Prepared& prepared = routes_[&route];
    if (!prepared.judged) prepared.form = batchForm(db_, route, (*known)->statement);
    prepared.judged = true;
    if (!prepared.form) return static_cast<const Statement*>(nullptr);
    if (const auto found = prepared.batches.find(keys); found != prepared.batches.end())
        return &found->second;
    auto statement = Statement::prepare(db_, prepared.form->sql(keys));
    if (!statement.ok()) return statement.error();
    return &prepared.batches.emplace(keys, std::move(*statement)).first->second;
}

Database::ConnectorUse::ConnectorUse() { Poco::Data::SQLite::Connector::registerConnector(); }
Database::ConnectorUse::~ConnectorUse() { Poco::Data::SQLite::Connector::unregisterConnector(); }
Database::TimerThread::TimerThread() { Poco::ThreadPool::defaultPool().addCapacity(1); }
Database::TimerThread::~TimerThread() { Poco::ThreadPool::defaultPool().addCapacity(-1); }

Database::Lease::Lease(std::shared_ptr<Database> database, Poco::Data::Session session,
                       PreparedRoutes& prepared)
    : database_(std::move(database)), session_(std::move(session)), prepared_(&prepared) {}

Database::Lease::~Lease() {
    if (!database_) return;
    if (sqlite3_get_autocommit(db()) == 0)
        sqlite3_exec(db(), "ROLLBACK", nullptr, nullptr, nullptr);
    session_.reset();
    database_->giveBack();
}

bool Database::Lease::moved() const {
    int moved = 0;
    sqlite3_file_control(db(), "main", SQLITE_FCNTL_HAS_MOVED, &moved);
    return moved != 0;
}

Result<std::shared_ptr<Database>> Database::open(const std::string& path, std::size_t sessions) {
    std::error_code ignored;
    if (!fs::is_regular_file(path, ignored)) return Error{ErrorCode::Unavailable, whyNot(path, "")};
    try {
        auto database = std::make_shared<Database>(path, sessions);
        // SQLite opens the file with the first session; a missing one must show now.
        database->pool_.get();
        return database;
    } catch (const Poco::Exception& e) {
        return Error{ErrorCode::Unavailable, whyNot(path, e.displayText())};
    }
}

// The pool's timer closes nothing while it holds no more than its least number of sessions.
Database::Database(const std::string& path, std::size_t sessions)
    : pool_("SQLite", uriOf(path), static_cast<int>(sessions), static_cast<int>(sessions)),
      free_(sessions) {}

Database::~Database() {
    const MutexLock lock(mutex_);
    prepared_.clear();
}

Result<Database::Lease> Database::lease(const std::shared_ptr<Database>& database, Clock& clock,
                                        Deadline deadline) {
    {
        MutexLock lock(database->mutex_);
        while (database->free_ == 0) {
            if (deadline.passed(clock))
                return Error{ErrorCode::Timeout,
                             "no session of the database came free in time; raise `sessions`, or "
                             "make the queries faster"};
            clock.waitUntil(database->freed_, database->mutex_, deadline.time());
        }
        --database->free_;
    }
    try {
        Poco::Data::Session session = database->pool_.get();
        PreparedRoutes& prepared = database->preparedOn(session);
        return Lease(database, std::move(session), prepared);
    } catch (const Poco::Exception& e) {
        database->giveBack();
        return Error{ErrorCode::Unavailable, "no session could be opened: " + e.displayText()};
    }
}

PreparedRoutes& Database::preparedOn(const Poco::Data::Session& session) {
    sqlite3* db = Poco::Data::SQLite::Utility::dbHandle(session);
    const MutexLock lock(mutex_);
    auto& prepared = prepared_[db];
    if (!prepared) prepared = std::make_unique<PreparedRoutes>(db);
    return *prepared;
}

void Database::giveBack() {
    const MutexLock lock(mutex_);
    ++free_;
    freed_.notifyOne();
}

}  // namespace oxcache::sqlite
