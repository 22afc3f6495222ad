#pragma once

#include <atomic>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "Database.h"
#include "Route.h"
#include "oxcache/spi/FallbackStore.h"
#include "oxcache/spi/Plugin.h"

namespace oxcache::sqlite {

/// The rows of a SQLite database as values of a cache. Thread-safe. The file may be replaced while
/// it runs: the next call opens what stands at the path then.
class Store final : public spi::FallbackStore {
public:
    /// Reads the options and checks every route against the database. The error lists every
    /// problem, one a line, each as `option: what; what to do`.
    static Result<std::unique_ptr<spi::FallbackStore>> open(const spi::ExtensionContext& context);

    Store(std::string path, std::size_t sessions, Routes routes, Clock& clock);

    std::vector<Result<spi::FallbackReply>> load(std::span<const Key> keys,
                                                 Deadline deadline) override;
    Result<void> ping(Deadline deadline) override;
    std::uint64_t queries() const noexcept override { return queries_.load(); }

private:
    using Reply = Result<spi::FallbackReply>;
    /// A key that a route answers.
    struct Request {
        std::size_t position;
        std::vector<BoundValue> values;
    };
    /// The keys of one route, and where the replies go.
    struct Work {
        const Route* route;
        std::vector<Request> requests;
    };

    void check(const spi::ExtensionContext& context, std::vector<std::string>& problems);
    std::vector<Work> sorted(std::span<const Key> keys) const;
    Result<Database::Lease> lease(Deadline deadline) OXCACHE_EXCLUDES(mutex_);
    Result<std::shared_ptr<Database>> database(const std::shared_ptr<Database>& gone)
        OXCACHE_EXCLUDES(mutex_);

    void answer(const std::vector<Work>& work, Deadline deadline, std::vector<Reply>& replies);
    void answerRoute(const Database::Lease& lease, const Guard& guard, const Work& work,
                     std::vector<Reply>& replies);
    bool answerBatch(PreparedRoutes& prepared, const Route& route,
                     std::span<const Request> requests, std::vector<Reply>& replies);
    Result<void> runBatch(const Statement& statement, std::span<const Request> requests,
                          std::vector<Reply>& replies);
    Reply answerOne(PreparedRoutes& prepared, const Route& route,
                    const std::vector<BoundValue>& values);
    Reply runOne(const PreparedQuery& query, const std::vector<BoundValue>& values);

    const std::string path_;
    const std::size_t sessions_;
    const Routes routes_;
    Clock& clock_;
    std::atomic<std::uint64_t> queries_{0};
    Mutex mutex_;
    std::shared_ptr<Database> database_ OXCACHE_GUARDED_BY(mutex_);
};

}  // namespace oxcache::sqlite
