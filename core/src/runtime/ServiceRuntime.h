#pragma once

#include <memory>
#include <string>
#include <vector>

#include "coherence/EpochTable.h"
#include "coherence/InvalidationSubscriber.h"
#include "coherence/StoreClock.h"
#include "host/PluginHost.h"
#include "oxcache/detail/Service.h"
#include "pipeline/ReadPath.h"
#include "pipeline/WritePath.h"
#include "reporting/ServiceCounters.h"
#include "resilience/Gate.h"
#include "resilience/LoadThreads.h"
#include "runtime/ServiceOptions.h"
#include "stages/FallbackStage.h"
#include "stages/MemoryStage.h"
#include "stages/RemoteStage.h"

namespace oxcache::runtime {

/// What a service is made of; the null ones it does not have. `host` keeps the plugins loaded.
struct ServiceParts {
    ServicePlan plan;
    std::shared_ptr<Clock> clock;
    std::shared_ptr<host::PluginHost> host;
    std::uint64_t origin = 0;
    std::unique_ptr<spi::RemoteStore> remote;
    std::unique_ptr<spi::FallbackStore> fallback;
    std::unique_ptr<spi::InvalidationBus> bus;
};

/// One running service: its stages, paths and bus. Answers Closed after close(). Thread-safe.
class OXCACHE_INTERNAL ServiceRuntime final : public detail::Service,
                                              public std::enable_shared_from_this<ServiceRuntime>,
                                              private coherence::InvalidationTarget {
public:
    explicit ServiceRuntime(ServiceParts parts);
    ~ServiceRuntime() override;

    /// Asks stores for their state and begins to listen. The errors of what cannot be reached.
    std::vector<Error> start();
    /// Lets nobody in, waits for calls and background loads until `deadline`, ends the bus and
    /// destroys what came from plugins. Texts of what did not end well; what then still runs keeps
    /// all it needs.
    std::vector<std::string> close(Deadline deadline);
    /// Regular work: expired entries, sweeps; a probe of the stores where `probe`.
    void keepHouse(bool probe);

    bool visit(Key key, const ValueType& type,
               FunctionRef<bool(const Entry&)> reader) const override;
    EntryPtr acquire(Key key, const ValueType& type) const override;
    std::vector<detail::ReadAnswer> read(std::span<const std::string> keys, const ValueType& type,
                                         const ReadOptions& options) override;
    detail::ReadAnswer readOrLoad(const std::string& key, const ValueType& type,
                                  std::shared_ptr<detail::Loader> loader, bool acceptNegative,
                                  const EntryOptions& options) override;
    std::vector<detail::ReadAnswer> readOrLoadMany(std::span<const std::string> keys,
                                                   const ValueType& type,
                                                   std::shared_ptr<detail::BatchLoader> loader,
                                                   const EntryOptions& options) override;
    WriteReceipt write(const detail::WriteRequest& request, const EntryOptions& options) override;
    std::vector<WriteReceipt> writeMany(std::span<const detail::WriteRequest> requests,
                                        const EntryOptions& options) override;
    std::vector<WriteReceipt> remove(std::span<const std::string> keys, Levels levels) override;
    WriteReceipt expire(const std::string& key) override;
    WriteReceipt clear(ClearMode mode) override;
    bool exists(const std::string& key, Levels levels) override;
    Result<CommandReply> command(std::span<const BytesView> arguments,
                                 const std::optional<Duration>& deadline) override;
    const std::string& name() const noexcept override { return plan_.settings.name; }
    Statistics statistics() const override;
    Health health() const override;

private:
    void invalidate(Key key, const Version& version) override;
    void cleared() override;
    void doubt() override;

    pipeline::Levels levels();
    std::vector<detail::ReadAnswer> answer(std::span<const std::string> keys,
                                           const pipeline::ReadCall& call);
    void limit(pipeline::ReadCall& call, const std::optional<Duration>& deadline);

    // In the order of need: what stands further down uses what stands above it.
    const ServicePlan plan_;
    const std::shared_ptr<Clock> clock_;
    std::shared_ptr<host::PluginHost> host_;
    mutable resilience::Gate gate_;
    mutable reporting::ServiceCounters counters_;
    coherence::StoreClock time_;
    coherence::VersionSource versions_;
    coherence::EpochTable epochs_;
    stages::MemoryStage memory_;
    std::unique_ptr<stages::RemoteStage> remote_;
    std::unique_ptr<stages::FallbackStage> fallback_;
    resilience::LoadThreads threads_;
    pipeline::ReadPath readPath_;
    pipeline::WritePath writePath_;
    std::unique_ptr<coherence::InvalidationSubscriber> subscriber_;
    std::unique_ptr<spi::InvalidationBus> bus_;
};

}  // namespace oxcache::runtime
