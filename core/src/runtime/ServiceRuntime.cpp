#include "runtime/ServiceRuntime.h"

#include <utility>

namespace oxcache::runtime {

using detail::ReadAnswer;

namespace {

std::unique_ptr<stages::RemoteStage> remoteStage(ServiceParts& parts, const ServicePlan& plan,
                                                 coherence::StoreClock& time,
                                                 coherence::VersionSource& versions,
                                                 reporting::ServiceCounters& counters) {
    if (!parts.remote) return nullptr;
    return std::make_unique<stages::RemoteStage>(plan.settings, std::move(parts.remote),
                                                 *parts.clock, time, versions, counters);
}

std::unique_ptr<stages::FallbackStage> fallbackStage(ServiceParts& parts, const ServicePlan& plan) {
    if (!parts.fallback) return nullptr;
    return std::make_unique<stages::FallbackStage>(plan.settings, std::move(parts.fallback),
                                                   *parts.clock);
}

Error closedError(const std::string& service) {
    return {ErrorCode::Closed, "service '" + service + "' has been shut down"};
}

}  // namespace

ServiceRuntime::ServiceRuntime(ServiceParts parts)
    : plan_(parts.plan),
      clock_(parts.clock),
      host_(parts.host),
      time_(*clock_),
      versions_(time_, parts.origin),
      memory_(plan_.settings, plan_.memory, *clock_, epochs_),
      remote_(remoteStage(parts, plan_, time_, versions_, counters_)),
      fallback_(fallbackStage(parts, plan_)),
      threads_(*clock_, plan_.settings.maxAbandoned),
      readPath_(levels()),
      writePath_(levels()),
      bus_(std::move(parts.bus)) {
    if (!remote_) return;
    // Without a bus nothing tells of others' writes: the declared staleness bounds every copy,
    // unless the configuration wants no coherence at all.
    epochs_.setCovered(plan_.coherence == "none");
    coherence::InvalidationTarget& target = *this;
    if (bus_)
        subscriber_ = std::make_unique<coherence::InvalidationSubscriber>(
            plan_.settings.keyPrefix,
            std::vector<std::string>(remote_->markerKeys().begin(), remote_->markerKeys().end()),
            parts.origin, epochs_, target);
}

ServiceRuntime::~ServiceRuntime() {
    if (bus_) bus_->stop();
}

pipeline::Levels ServiceRuntime::levels() {
    return {plan_.settings, *clock_,       time_,           versions_, counters_,
            memory_,        remote_.get(), fallback_.get(), threads_};
}

std::vector<Error> ServiceRuntime::start() {
    std::vector<Error> errors;
    if (remote_) {
        remote_->probe();
        if (!remote_->healthy()) errors.push_back({ErrorCode::Unavailable, remote_->trouble()});
    }
    if (fallback_) {
        fallback_->probe();
        if (!fallback_->healthy()) errors.push_back({ErrorCode::Unavailable, fallback_->trouble()});
    }
    if (bus_) {
        const Result<void> started = bus_->start(*subscriber_);
        if (!started) errors.push_back(started.error());
    }
    return errors;
}

std::vector<std::string> ServiceRuntime::close(Deadline deadline) {
    std::vector<std::string> errors;
    const std::int64_t inside = gate_.close(*clock_, deadline);
    if (inside > 0)
        errors.push_back("service '" + name() + "': " + std::to_string(inside) +
                         " call(s) had not ended at the shutdown deadline");
    const std::size_t loading = threads_.stop(deadline);
    if (loading > 0)
        errors.push_back("service '" + name() + "': " + std::to_string(loading) +
                         " load(s) in the background had not ended at the shutdown deadline");
    if (bus_) bus_->stop();
    memory_.clear();
    if (errors.empty()) {
        bus_.reset();
        fallback_.reset();
        remote_.reset();
        host_.reset();
    }
    return errors;
}

void ServiceRuntime::keepHouse(bool probe) {
    const resilience::Gate::Pass pass(gate_);
    if (!pass) return;
    memory_.cleanUp();
    if (remote_) {
        if (probe) remote_->probe();
        // A clear whose message was lost, or that nobody can tell of, is noticed all the same.
        if (probe || !epochs_.covered()) remote_->doubtMarkers();
        remote_->sweep(Deadline::in(*clock_, plan_.settings.deadline));
    }
    if (fallback_ && probe) fallback_->probe();
}

bool ServiceRuntime::visit(Key key, const ValueType& type,
                           FunctionRef<bool(const Entry&)> reader) const {
    using Served = stages::MemoryStage::Served;
    const Served served = memory_.visit(key, type, reader);
    if (served == Served::Negative) counters_.negatives.add();
    return served != Served::Nothing;
}

EntryPtr ServiceRuntime::acquire(Key key, const ValueType& type) const {
    EntryPtr entry = memory_.acquire(key, type);
    if (entry && entry->negative()) counters_.negatives.add();
    return entry;
}

// With a deadline a load may outlive its call, and then this service's other owners.
void ServiceRuntime::limit(pipeline::ReadCall& call, const std::optional<Duration>& deadline) {
    if (!deadline) return;
    call.deadline = Deadline::in(*clock_, *deadline);
    call.keeper = weak_from_this().lock();
}

std::vector<ReadAnswer> ServiceRuntime::answer(std::span<const std::string> keys,
                                               const pipeline::ReadCall& call) {
    const resilience::Gate::Pass pass(gate_);
    if (pass) return readPath_.read(keys, call);
    ReadAnswer closed;
    closed.outcome = Outcome::Error;
    closed.error = closedError(name());
    return std::vector<ReadAnswer>(keys.size(), closed);
}

std::vector<ReadAnswer> ServiceRuntime::read(std::span<const std::string> keys,
                                             const ValueType& type, const ReadOptions& options) {
    pipeline::ReadCall call;
    call.type = &type;
    call.options.levels = options.levels;
    call.allowStale = options.allowStale;
    limit(call, options.deadline);
    return answer(keys, call);
}

ReadAnswer ServiceRuntime::readOrLoad(const std::string& key, const ValueType& type,
                                      std::shared_ptr<detail::Loader> loader, bool acceptNegative,
                                      const EntryOptions& options) {
    pipeline::ReadCall call;
    call.type = &type;
    call.options = options;
    call.acceptNegative = acceptNegative;
    limit(call, options.deadline);
    call.loader = std::move(loader);
    return std::move(answer({&key, 1}, call)[0]);
}

std::vector<ReadAnswer> ServiceRuntime::readOrLoadMany(std::span<const std::string> keys,
                                                       const ValueType& type,
                                                       std::shared_ptr<detail::BatchLoader> loader,
                                                       const EntryOptions& options) {
    pipeline::ReadCall call;
    call.type = &type;
    call.options = options;
    limit(call, options.deadline);
    call.batchLoader = std::move(loader);
    return answer(keys, call);
}

// Bytes do for the question; they are not kept in L1, where somebody may want the object.
bool ServiceRuntime::exists(const std::string& key, Levels levels) {
    bool negative = false;
    if (has(levels, Levels::L1) && memory_.has(key, negative)) return !negative;
    pipeline::ReadCall call;
    call.type = &detail::kBytesType;
    call.options.levels = levels;
    call.options.skipL1Write = true;
    const ReadAnswer found = std::move(answer({&key, 1}, call)[0]);
    return found.entry && !found.entry->negative();
}

namespace {

WriteReceipt closedReceipt(const std::string& service) {
    return {WriteStatus::Rejected, {}, closedError(service)};
}

}  // namespace

WriteReceipt ServiceRuntime::write(const detail::WriteRequest& request,
                                   const EntryOptions& options) {
    const resilience::Gate::Pass pass(gate_);
    return pass ? writePath_.write(request, options) : closedReceipt(name());
}

std::vector<WriteReceipt> ServiceRuntime::writeMany(std::span<const detail::WriteRequest> requests,
                                                    const EntryOptions& options) {
    const resilience::Gate::Pass pass(gate_);
    if (!pass) return std::vector<WriteReceipt>(requests.size(), closedReceipt(name()));
    return writePath_.writeMany(requests, options);
}

std::vector<WriteReceipt> ServiceRuntime::remove(std::span<const std::string> keys, Levels levels) {
    const resilience::Gate::Pass pass(gate_);
    if (!pass) return std::vector<WriteReceipt>(keys.size(), closedReceipt(name()));
    return writePath_.remove(keys, levels);
}

WriteReceipt ServiceRuntime::expire(const std::string& key) {
    const resilience::Gate::Pass pass(gate_);
    return pass ? writePath_.expire(key) : closedReceipt(name());
}

WriteReceipt ServiceRuntime::clear(ClearMode mode) {
    const resilience::Gate::Pass pass(gate_);
    return pass ? writePath_.clear(mode) : closedReceipt(name());
}

Result<CommandReply> ServiceRuntime::command(std::span<const BytesView> arguments,
                                             const std::optional<Duration>& deadline) {
    const resilience::Gate::Pass pass(gate_);
    if (!pass) return closedError(name());
    if (!remote_ || arguments.empty())
        return Error{ErrorCode::Unavailable,
                     "service '" + name() + "': there is no L2, or no command to send to it"};
    return remote_->command(arguments,
                            deadline ? Deadline::in(*clock_, *deadline) : Deadline::never());
}

Statistics ServiceRuntime::statistics() const {
    const memory::MemoryStatistics l1 = memory_.statistics();
    Statistics all;
    all.l1Hits = memory_.served() + counters_.l1Hits.value();
    all.l2Hits = counters_.l2Hits.value();
    all.hits = all.l1Hits + all.l2Hits;
    all.misses =
        counters_.misses.value() + counters_.fallbackHits.value() + counters_.loaderHits.value();
    all.stale = counters_.stale.value();
    all.errors = counters_.errors.value();
    all.requests = all.hits + all.misses + all.stale + all.errors;
    all.loads = counters_.loads.value();
    all.loadFailures = counters_.loadFailures.value();
    all.negatives = counters_.negatives.value();
    all.evictions = l1.removals[static_cast<int>(memory::RemovalCause::Size)];
    all.entries = l1.entries;
    all.bytes = l1.bytes;
    all.joined = counters_.joined.value();
    all.undecodable = counters_.undecodable.value();
    all.typeMismatches = counters_.typeMismatches.value();
    all.fillsRefused = counters_.fillsRefused.value();
    all.l2Errors = counters_.l2Errors.value();
    all.busMessages = counters_.busMessages.value();
    all.busGaps = counters_.busGaps.value();
    all.busCovered = epochs_.covered();
    const resilience::Gate::Pass pass(gate_);
    if (pass && fallback_) all.fallbackQueries = fallback_->queries();
    if (pass && remote_) all.l2Counters = remote_->counters();
    return all;
}

Health ServiceRuntime::health() const {
    Health health;
    const resilience::Gate::Pass pass(gate_);
    if (!pass) return {0, 0, 0, closedError(name()).message};
    if (remote_ && !remote_->healthy()) {
        health.l2 = 0;
        health.text = "L2: " + remote_->trouble();
    }
    if (fallback_ && !fallback_->healthy()) {
        health.fallback = 0;
        if (!health.text.empty()) health.text += "; ";
        health.text += "fallback: " + fallback_->trouble();
    }
    return health;
}

void ServiceRuntime::invalidate(Key key, const Version& version) {
    counters_.busMessages.add();
    memory_.invalidate(key, version);
}

// The markers first: what is read from L2 after L1 was emptied must be judged by the new ones.
void ServiceRuntime::cleared() {
    counters_.busMessages.add();
    remote_->doubtMarkers();
    memory_.clear();
}

void ServiceRuntime::doubt() {
    counters_.busGaps.add();
    remote_->doubtMarkers();
}

}  // namespace oxcache::runtime
