#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "Connector.h"
#include "Pipeline.h"
#include "RespParser.h"
#include "oxcache/base/Mutex.h"

namespace oxcache::redis {

/// What happened on a lane, for statistics.
struct LaneCounters {
    std::atomic<std::uint64_t> connects{0};
    std::atomic<std::uint64_t> losses{0};
    std::atomic<std::uint64_t> timeouts{0};
    std::atomic<std::uint64_t> overloads{0};
    std::atomic<std::uint64_t> fences{0};
    std::atomic<std::uint64_t> fencesRefused{0};
    std::atomic<std::uint64_t> flushes{0};
    std::atomic<std::uint64_t> commands{0};
    /// Answers that a lone caller watched for instead of sleeping.
    std::atomic<std::uint64_t> watches{0};
};

/// One connection that any number of threads share. There is no thread of its own: a caller writes
/// and reads for itself, and while one reads, the others' commands gather and leave in one write.
/// Whoever reads delivers everybody's replies, and hands the reading on when its own are complete.
/// The connection is made on demand and made again after a loss, with pauses that grow; what is
/// asked meanwhile fails at once. Thread-safe.
class Lane {
public:
    Lane(const Settings& settings, const Connector& connector, LaneCounters& counters,
         std::function<void(const std::string&)> warn);
    ~Lane();

    /// Puts the call on its way; it has ended already where that is impossible.
    void submit(Call& call, SteadyTime until);
    /// Waits for its end. Every submitted call must be awaited.
    void await(Call& call, SteadyTime until);
    void run(Call& call, SteadyTime until) {
        submit(call, until);
        await(call, until);
    }

    /// Names the sequence of messages that this lane publishes.
    std::uint64_t stream() const noexcept { return stream_; }
    /// Messages that were given a number.
    std::uint64_t published() const;
    bool connected() const;
    /// The connection of this number leads to the wrong server: it ends as soon as all that was
    /// sent on it is answered, and the next call has another one made. Nothing where it has ended.
    void renew(std::uint64_t connection);
    /// The same for whatever connection there is, unless it leads to `server`.
    void renewUnless(const std::string& server);
    /// Ends the connection and all calls; later ones are Refused.
    void close();

private:
    bool connect(Call& call, SteadyTime until) OXCACHE_REQUIRES(mutex_);
    bool makeRoom(Call& call, SteadyTime until) OXCACHE_REQUIRES(mutex_);
    void attempt(SteadyTime until) OXCACHE_REQUIRES(mutex_);
    void write(SteadyTime until) OXCACHE_REQUIRES(mutex_);
    void flowed();
    void read(const Call& call, SteadyTime until) OXCACHE_REQUIRES(mutex_);
    bool readOnce(const Call* own, SteadyTime until) OXCACHE_REQUIRES(mutex_);
    std::string receive(Transport& transport, bool alone, SteadyTime until);
    IoResult watch(Transport& transport, char* at, std::size_t size);
    void breakOff(const std::string& why) OXCACHE_REQUIRES(mutex_);
    void lookAlive() OXCACHE_REQUIRES(mutex_);
    void endLate(Call& call) OXCACHE_REQUIRES(mutex_);
    void leave() OXCACHE_REQUIRES(mutex_);
    void stirred() OXCACHE_REQUIRES(mutex_);
    void refuse(Call& call, Call::End end, ErrorCode code, const std::string& what) const;
    std::string state() const OXCACHE_REQUIRES(mutex_);
    bool idle() const OXCACHE_REQUIRES(mutex_) { return !reading_ && !writing_ && !connecting_; }

    const Settings settings_;
    const Connector& connector_;
    LaneCounters& counters_;
    const std::function<void(const std::string&)> warn_;
    const std::uint64_t stream_;

    mutable Mutex mutex_;
    CondVar changed_;
    std::size_t watchers_ OXCACHE_GUARDED_BY(mutex_) = 0;
    Pipeline pipeline_ OXCACHE_GUARDED_BY(mutex_);
    std::shared_ptr<Transport> transport_ OXCACHE_GUARDED_BY(mutex_);
    std::string server_ OXCACHE_GUARDED_BY(mutex_);
    ClientIdentity identity_ OXCACHE_GUARDED_BY(mutex_);
    std::uint64_t connection_ OXCACHE_GUARDED_BY(mutex_) = 0;
    /// It ends when nothing is under way on it.
    bool outdated_ OXCACHE_GUARDED_BY(mutex_) = false;
    std::vector<ClientIdentity> fences_ OXCACHE_GUARDED_BY(mutex_);
    bool reading_ OXCACHE_GUARDED_BY(mutex_) = false;
    /// Was given the reading, and has not woken yet.
    Call* appointed_ OXCACHE_GUARDED_BY(mutex_) = nullptr;
    bool writing_ OXCACHE_GUARDED_BY(mutex_) = false;
    bool connecting_ OXCACHE_GUARDED_BY(mutex_) = false;
    bool closed_ OXCACHE_GUARDED_BY(mutex_) = false;
    /// A thread's mark, and how many calls in a row were its.
    const void* lastCaller_ OXCACHE_GUARDED_BY(mutex_) = nullptr;
    unsigned inARow_ OXCACHE_GUARDED_BY(mutex_) = 0;
    SteadyTime lastRead_ OXCACHE_GUARDED_BY(mutex_);
    SteadyTime dueSince_ OXCACHE_GUARDED_BY(mutex_);
    /// Bytes that the network has not taken, of a request that it did not take at once; 0: of none.
    std::size_t outgoing_ OXCACHE_GUARDED_BY(mutex_) = 0;
    SteadyTime nextAttempt_ OXCACHE_GUARDED_BY(mutex_);
    unsigned failures_ OXCACHE_GUARDED_BY(mutex_) = 0;
    Error lastError_ OXCACHE_GUARDED_BY(mutex_);
    std::minstd_rand random_ OXCACHE_GUARDED_BY(mutex_);

    // The writer's: who set writing_.
    Bytes out_;
    std::size_t outSent_ = 0;
    // The reader's: who set reading_.
    std::optional<RespParser> parser_;
    std::vector<char> buffer_;
    bool heard_ = false;
    /// How many answers are still slept for because watching for them did not pay.
    unsigned unwatched_ = 0;
    unsigned vain_ = 0;
    std::vector<Reply> received_;
    std::vector<Call*> delivered_;
};

}  // namespace oxcache::redis
