#pragma once

#include <memory>
#include <string>
#include <vector>

#include "oxcache/base/Deadline.h"
#include "pipeline/Levels.h"

namespace oxcache::pipeline {

/// How a call wants its keys answered; owned, so that a job may outlive the call.
struct ReadCall {
    const ValueType* type = nullptr;
    EntryOptions options{};
    bool allowStale = false;
    /// A cached "not there" is an answer.
    bool acceptNegative = true;
    Deadline deadline = Deadline::never();
    std::shared_ptr<detail::Loader> loader{};
    std::shared_ptr<detail::BatchLoader> batchLoader{};

    bool hasLoader() const noexcept { return loader || batchLoader; }
};

/// What the leader of one or more flights does: ask L2, leave a lease, ask the fallback, run the
/// loader, fill L2 and L1, settle the flights. Settles every flight it was given, whatever happens.
/// Runs once, on any one thread.
class OXCACHE_INTERNAL LoadJob {
public:
    LoadJob(const Levels& levels, Flights& flights, ReadCall call);
    ~LoadJob();
    LoadJob(const LoadJob&) = delete;
    LoadJob& operator=(const LoadJob&) = delete;

    /// `retained`: L1's entry for the key that may not be served as it is, if any.
    void add(FlightPtr flight, const stages::MemoryStage::Ticket& ticket,
             stages::MemoryStage::Look retained);
    bool empty() const noexcept { return items_.empty(); }
    std::vector<FlightPtr> flights() const;

    /// Store calls end by `deadline`; the loader is not interrupted.
    void run(Deadline deadline);

private:
    /// One key on its way.
    struct Item {
        FlightPtr flight;
        stages::MemoryStage::Ticket ticket;
        stages::MemoryStage::Look retained;
        stages::RemoteEntry remote{};
        EntryPtr stale{};
        detail::ReadAnswer answer{};
        bool settled = false;
        // Set when a value or negative has come from below and is to be kept:
        bool fills = false;
        /// L2 was asked to put something in the place of what was observed.
        bool put = false;
        bool negative = false;
        detail::ValueBox value{};
        Bytes payload{};
        CodecId codec = CodecId::Raw;
        stages::EntryPolicy policy{};
        Level source = Level::None;
    };
    using Open = std::vector<Item*>;

    Open open();
    void settle(Item& item);
    void readRemote(Deadline deadline);
    void takeRemote(Item& item, stages::RemoteEntry entry, bool mayAnswer);
    bool answerFromRemote(Item& item);
    bool answerDegraded(Item& item);
    void answerWithoutLoad();
    void lease(Deadline deadline);
    void awaitOthers(Deadline deadline);
    void askFallback(Deadline deadline);
    void takeFallback(Item& item, Result<spi::FallbackReply> reply);
    void runLoader();
    void runBatchLoader();
    void takeReply(Item& item, detail::LoadReply reply, const EntryOptions& options);
    bool restoreStale(Item& item);
    void loadFailed(Item& item, ErrorCode code, std::string why, std::exception_ptr exception);
    void fill(Deadline deadline);
    void releaseLeases(Deadline deadline);
    EntryPtr entryOf(Item& item, const EntryAttributes& attributes);
    void admit(Item& item, const EnvelopeHeader* header, bool keep);
    stages::EntryPolicy policyFor(const EntryOptions& options, bool negative) const;

    const Levels levels_;
    Flights& flights_;
    ReadCall call_;
    stages::EntryPolicy reading_;
    Generations generations_{};
    std::vector<std::unique_ptr<Item>> items_;
};

}  // namespace oxcache::pipeline
