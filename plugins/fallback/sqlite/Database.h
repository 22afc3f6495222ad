#pragma once

#include <map>
#include <memory>
#include <string>
#include <unordered_map>

#include <Poco/Data/SQLite/Utility.h>
#include <Poco/Data/Session.h>
#include <Poco/Data/SessionPool.h>

#include "Batch.h"
#include "Route.h"
#include "Statement.h"
#include "oxcache/base/Mutex.h"
#include "oxcache/base/Result.h"

namespace oxcache::sqlite {

/// A route's query, ready to run.
struct PreparedQuery {
    Statement statement;
    /// The pattern's argument that each parameter takes.
    std::vector<std::size_t> arguments;
};

/// What is prepared on one session: per route the query, and its batch forms by size.
class PreparedRoutes {
public:
    explicit PreparedRoutes(sqlite3* db) : db_(db) {}

    sqlite3* db() const { return db_; }
    /// The route's query; prepared and checked when first asked for.
    Result<const PreparedQuery*> single(const Route& route);
    /// The route's batch statement for `keys` keys; null where the route has none.
    Result<const Statement*> batch(const Route& route, std::size_t keys);
    /// Finalizes what is prepared of a route: after a failure it is prepared anew.
    void forget(const Route& route) { routes_.erase(&route); }

private:
    struct Prepared {
        std::optional<PreparedQuery> single;
        bool judged = false;
        std::optional<BatchForm> form;
        std::map<std::size_t, Statement> batches;
    };
    sqlite3* const db_;
    std::unordered_map<const Route*, Prepared> routes_;
};

/// The open file: a pool of read-only sessions with their prepared statements. It stays with the
/// file it opened, whatever stands at the path later. Thread-safe.
class Database {
public:
    /// A session for one thread, for a scope. A transaction left open is rolled back.
    class Lease {
    public:
        Lease(std::shared_ptr<Database> database, Poco::Data::Session session,
              PreparedRoutes& prepared);
        Lease(Lease&& other) noexcept = default;
        Lease& operator=(Lease&&) = delete;
        ~Lease();

        PreparedRoutes& prepared() const { return *prepared_; }
        sqlite3* db() const { return prepared_->db(); }
        /// True when the path no longer leads to the open file.
        bool moved() const;

    private:
        std::shared_ptr<Database> database_;
        std::optional<Poco::Data::Session> session_;
        PreparedRoutes* prepared_;
    };

    /// Opens `path`, which must exist; Unavailable says why it cannot be opened.
    static Result<std::shared_ptr<Database>> open(const std::string& path, std::size_t sessions);
    Database(const std::string& path, std::size_t sessions);
    ~Database();
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    /// Waits for a free session; Timeout when none comes free by the deadline.
    static Result<Lease> lease(const std::shared_ptr<Database>& database, Clock& clock,
                               Deadline deadline);

private:
    /// Poco's registry of connectors counts; it is left as it was found.
    struct ConnectorUse {
        ConnectorUse();
        ~ConnectorUse();
    };
    /// SessionPool keeps a thread of the process's default pool for its timer; this adds one to it.
    struct TimerThread {
        TimerThread();
        ~TimerThread();
    };

    PreparedRoutes& preparedOn(const Poco::Data::Session& session) OXCACHE_EXCLUDES(mutex_);
    void giveBack() OXCACHE_EXCLUDES(mutex_);

    const ConnectorUse connector_;
    const TimerThread timerThread_;
    Poco::Data::SessionPool pool_;
    Mutex mutex_;
    CondVar freed_;
    std::size_t free_ OXCACHE_GUARDED_BY(mutex_);
    /// Emptied before the pool closes its sessions: SQLite keeps a connection that has statements.
    std::unordered_map<sqlite3*, std::unique_ptr<PreparedRoutes>> prepared_
        OXCACHE_GUARDED_BY(mutex_);
};

}  // namespace oxcache::sqlite
