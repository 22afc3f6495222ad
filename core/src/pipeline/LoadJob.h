#pragma once

#include <memory>
#include <string>
#include <vector>

#include "oxcache/base/Deadline.h"
#include "pipeline/Levels.h"

namespace oxcache::pipeline {

/// How a call wants its keys answered; owned, so that a job may outlive the call.
struct ReadCall {
    /// Keeps what the levels refer to while a thread of the cache loads; goes last.
    std::shared_ptr<const void> keeper{};
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
/// read() and then load(), once, on any one thread each.
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

    /// Asks L2. True when something is left to be loaded. Store calls end by `deadline`.
    bool read(Deadline deadline);
    /// Loads what read() left, and fills L2 and L1. The loader is not interrupted.
    void load(Deadline deadline);

private:
    /// One key on its way.
    struct Item {
        FlightPtr flight;
        stages::MemoryStage::Ticket ticket;
        stages::MemoryStage::Look retained;
        stages::RemoteEntry remote{};
        /// The version in L2 that was last decoded: not to be decoded again.
        Version decodedVersion{};
        EntryPtr stale{};
        detail::ReadAnswer answer{};
        bool settled = false;
        bool mismatched = false;
        bool undecodable = false;
        // Set when a value or negative has come from below and is to be kept:
        bool fills = false;
        /// L1 may keep it.
        bool keeps = true;
        /// L2 was asked to put something in the place of what was observed.
        bool put = false;
        bool negative = false;
        /// The value is an object here, or bytes in `payload`.
        detail::ValueBox value{};
        Bytes payload{};
        CodecId codec = CodecId::Raw;
        /// The payload's object, which nobody else has seen.
        EntryPtr decoded{};
        stages::EntryPolicy policy{};
        Level source = Level::None;
    };
    using Open = std::vector<Item*>;

    Open open();
    static std::vector<Key> keysOf(const Open& items);
    void settle(Item& item);
    void readRemote(Deadline deadline);
    void takeRemote(Item& item, stages::RemoteEntry entry, bool mayAnswer);
    void answerFromRemote(Item& item);
    void answerDegraded(Item& item);
    void answerWithoutLoad();
    void lease(Deadline deadline);
    void awaitOthers(Deadline deadline);
    void askFallback(Deadline deadline);
    void takeFallback(Item& item, Result<spi::FallbackReply> reply);
    void runLoader();
    void runBatchLoader();
    void takeReply(Item& item, detail::LoadReply reply, const EntryOptions& options);
    bool restoreStale(Item& item);
    void loadFailed(Item& item, std::string why, std::exception_ptr exception);
    void fill(Deadline deadline);
    bool goesToRemote(Item& item);
    stages::RemotePut putOf(const Item& item) const;
    void releaseLeases(Deadline deadline);
    EntryPtr entryOf(Item& item, const EntryAttributes& attributes) const;
    void admit(Item& item, const EnvelopeHeader* header);

    const Levels levels_;
    Flights& flights_;
    ReadCall call_;
    stages::EntryPolicy reading_;
    stages::EntryPolicy tombstone_;
    Generations generations_{};
    std::vector<std::unique_ptr<Item>> items_;
};

}  // namespace oxcache::pipeline
