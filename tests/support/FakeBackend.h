#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "oxcache/base/Clock.h"
#include "oxcache/base/Envelope.h"
#include "oxcache/base/Mutex.h"
#include "oxcache/spi/RemoteStore.h"

namespace oxcache::testing {

class FakeBus;

/// What fake stores and buses share, as the processes of a deployment share a server: the rows and
/// the subscribed buses. Thread-safe. Tests look at it and change it behind the stores' backs.
class FakeBackend {
public:
    explicit FakeBackend(Clock& clock) : clock_(clock) {}

    Clock& clock() const { return clock_; }

    /// What stands at a key and has not expired.
    std::optional<Bytes> at(Key key) const;
    /// When the store forgets what stands at a key; 0: nothing stands.
    std::int64_t expiryOf(Key key) const;
    /// A stranger's change: nobody is told.
    void place(Key key, BytesView bytes, std::int64_t expiresMs);
    void erase(Key key);
    void clear();
    /// Keys that stand, expired ones left out.
    std::size_t size() const;

    // The operations of spi::RemoteStore, one key at a time.
    Bytes read(Key key);
    Bytes lease(Key key, const spi::LeaseRequest& request);
    spi::PutOutcome put(const spi::Put& put);
    std::uint64_t sweep(Key prefix, std::uint64_t live, std::size_t most);

    /// Puts larger than this are TooLarge.
    void limitSize(std::size_t bytes);

private:
    friend class FakeBus;
    struct Row {
        Bytes envelope;
        std::int64_t expiresMs = 0;
    };

    const Row* standing(Key key) const OXCACHE_REQUIRES(mutex_);
    bool admits(const spi::Put& put, const Row* row) const OXCACHE_REQUIRES(mutex_);
    void publish(Key key, const Version& version) OXCACHE_REQUIRES(mutex_);
    void subscribe(FakeBus& bus);
    void unsubscribe(FakeBus& bus);

    Clock& clock_;
    mutable Mutex mutex_;
    std::map<std::string, Row, std::less<>> rows_ OXCACHE_GUARDED_BY(mutex_);
    std::vector<FakeBus*> buses_ OXCACHE_GUARDED_BY(mutex_);
    std::size_t sizeLimit_ OXCACHE_GUARDED_BY(mutex_) = std::size_t{64} << 20;
};

}  // namespace oxcache::testing
