#include "Store.h"

#include <algorithm>
#include <bit>
#include <exception>

namespace oxcache::sqlite {
namespace {

/// Keys that one statement answers at most.
constexpr std::size_t kBatchMost = 512;

Error tooLate() {
    return {ErrorCode::Timeout, "the deadline passed before the database was asked"};
}

Error inRoute(const Route& route, const Error& error) {
    return {error.code, "route " + route.name() + ": " + error.message};
}

}  // namespace

Store::Store(std::string path, std::size_t sessions, Routes routes, Clock& clock)
    : path_(std::move(path)), sessions_(sessions), routes_(std::move(routes)), clock_(clock) {}

std::vector<Result<spi::FallbackReply>> Store::load(std::span<const Key> keys, Deadline deadline) {
    std::vector<Reply> replies(keys.size(), spi::FallbackReply{});
    std::vector<Work> work;
    try {
        work = sorted(keys);
        if (!work.empty()) answer(work, deadline, replies);
    } catch (const std::exception& e) {
        for (const Work& part : work)
            for (const Request& request : part.requests)
                replies[request.position] =
                    inRoute(*part.route, {ErrorCode::Unavailable, e.what()});
    }
    return replies;
}

std::vector<Store::Work> Store::sorted(std::span<const Key> keys) const {
    std::vector<Work> work;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        for (const auto& route : routes_) {
            auto values = route->values(keys[i]);
            if (!values) continue;
            auto part = std::find_if(work.begin(), work.end(),
                                     [&](const Work& known) { return known.route == route.get(); });
            if (part == work.end()) part = work.insert(part, Work{route.get(), {}});
            part->requests.push_back({i, std::move(*values)});
            break;
        }
    }
    return work;
}

Result<std::shared_ptr<Database>> Store::database(const std::shared_ptr<Database>& gone) {
    const MutexLock lock(mutex_);
    if (database_ == gone) database_.reset();
    if (database_) return database_;
    auto opened = Database::open(path_, sessions_);
    if (opened.ok()) database_ = *opened;
    return opened;
}

Result<Database::Lease> Store::lease(Deadline deadline) {
    std::shared_ptr<Database> gone;
    for (;;) {
        auto current = database(gone);
        if (!current.ok()) return current.error();
        auto lease = Database::lease(*current, clock_, deadline);
        // Opened again only once per call: a file that is replaced all the time must not hold us.
        if (!lease.ok() || gone || !lease->moved()) return lease;
        gone = std::move(*current);
    }
}

void Store::answer(const std::vector<Work>& work, Deadline deadline, std::vector<Reply>& replies) {
    const auto fail = [&](const Error& error) {
        for (const Work& part : work)
            for (const Request& request : part.requests) replies[request.position] = error;
    };
    if (deadline.passed(clock_)) return fail(tooLate());
    const auto session = lease(deadline);
    if (!session.ok()) return fail(session.error());
    const Guard guard(session->db(), clock_, deadline);
    // All keys of a call see the database at one moment.
    const bool several = work.size() > 1 || work.front().requests.size() > 1;
    if (several) sqlite3_exec(session->db(), "BEGIN", nullptr, nullptr, nullptr);
    for (const Work& part : work) answerRoute(*session, guard, part, replies);
    if (several) sqlite3_exec(session->db(), "COMMIT", nullptr, nullptr, nullptr);
}

void Store::answerRoute(const Database::Lease& lease, const Guard& guard, const Work& work,
                        std::vector<Reply>& replies) {
    std::span<const Request> rest = work.requests;
    while (rest.size() > 1) {
        const auto part = rest.first(std::min(rest.size(), kBatchMost));
        if (!answerBatch(lease.prepared(), *work.route, part, replies)) break;
        rest = rest.subspan(part.size());
    }
    for (const Request& request : rest) {
        replies[request.position] =
            guard.passed() ? Reply(inRoute(*work.route, errorOf(lease.db(), SQLITE_INTERRUPT)))
                           : answerOne(lease.prepared(), *work.route, request.values);
    }
}

bool Store::answerBatch(PreparedRoutes& prepared, const Route& route,
                        std::span<const Request> requests, std::vector<Reply>& replies) {
    // Few sizes are prepared; what is left over stays NULL, which equals nothing.
    const auto known = prepared.batch(route, std::bit_ceil(requests.size()));
    if (known.ok() && *known == nullptr) return false;
    const auto ran =
        known.ok() ? runBatch(**known, requests, replies) : Result<void>(known.error());
    if (ran.ok()) return true;
    prepared.forget(route);
    for (const Request& request : requests) replies[request.position] = inRoute(route, ran.error());
    return true;
}

Result<void> Store::runBatch(const Statement& statement, std::span<const Request> requests,
                             std::vector<Reply>& replies) {
    const Statement::Run run(statement);
    int parameter = 0;
    for (const Request& request : requests) {
        replies[request.position] = spi::FallbackReply{spi::FallbackOutcome::Absent};
        for (const BoundValue& value : request.values) statement.bind(++parameter, value);
    }
    ++queries_;
    auto row = statement.step();
    for (; row.ok() && *row; row = statement.step()) {
        const auto key = static_cast<std::size_t>(sqlite3_column_int64(statement.get(), 0));
        if (key < requests.size()) replies[requests[key].position] = readRow(statement.get(), 1);
    }
    return row.ok() ? Result<void>() : Result<void>(row.error());
}

Store::Reply Store::answerOne(PreparedRoutes& prepared, const Route& route,
                              const std::vector<BoundValue>& values) {
    const auto known = prepared.single(route);
    auto reply = known.ok() ? runOne(**known, values) : Reply(known.error());
    if (reply.ok()) return reply;
    prepared.forget(route);
    return inRoute(route, reply.error());
}

Store::Reply Store::runOne(const PreparedQuery& query, const std::vector<BoundValue>& values) {
    const Statement& statement = query.statement;
    const Statement::Run run(statement);
    for (std::size_t i = 0; i < query.arguments.size(); ++i)
        statement.bind(static_cast<int>(i + 1), values[query.arguments[i]]);
    ++queries_;
    const auto row = statement.step();
    if (!row.ok()) return row.error();
    if (!*row) return spi::FallbackReply{spi::FallbackOutcome::Absent};
    return readRow(statement.get(), 0);
}

Result<void> Store::ping(Deadline deadline) {
    try {
        if (deadline.passed(clock_)) return tooLate();
        const auto session = lease(deadline);
        if (!session.ok()) return session.error();
        const Guard guard(session->db(), clock_, deadline);
        return readSchema(session->db());
    } catch (const std::exception& e) {
        return Error{ErrorCode::Unavailable, e.what()};
    }
}

}  // namespace oxcache::sqlite
