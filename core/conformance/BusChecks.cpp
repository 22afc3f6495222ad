#include <algorithm>
#include <thread>

#include "StoreFixture.h"
#include "oxcache/base/Mutex.h"

namespace oxcache::conformance {
namespace {

using spi::PutMode;
using std::chrono::milliseconds;
using std::chrono::minutes;

/// Writes down what it hears, and whether calls overlapped.
class Recorder final : public spi::BusListener {
public:
    void onChanges(std::span<const spi::KeyChange> changes) override {
        enter();
        MutexLock lock(mutex_);
        for (const spi::KeyChange& change : changes)
            changes_.emplace_back(change.key, change.version);
        leave();
    }
    void onGap(std::optional<unsigned>) override {
        enter();
        MutexLock lock(mutex_);
        ++gaps_;
        leave();
    }
    void onCoverage(bool covered) override {
        enter();
        MutexLock lock(mutex_);
        covered_ = covered;
        leave();
    }

    bool covered() const {
        MutexLock lock(mutex_);
        return covered_;
    }
    std::size_t gaps() const {
        MutexLock lock(mutex_);
        return gaps_;
    }
    std::size_t calls() const {
        MutexLock lock(mutex_);
        return calls_;
    }
    bool overlapped() const {
        MutexLock lock(mutex_);
        return overlapped_;
    }
    bool heard(const std::string& key) const {
        MutexLock lock(mutex_);
        return std::any_of(changes_.begin(), changes_.end(),
                           [&](const auto& change) { return change.first == key; });
    }
    bool heard(const std::string& key, const Version& version) const {
        MutexLock lock(mutex_);
        return std::find(changes_.begin(), changes_.end(), std::pair(key, version)) !=
               changes_.end();
    }
    /// Waits a moment for the next call.
    void waitBriefly() {
        MutexLock lock(mutex_);
        changed_.waitUntil(mutex_, std::chrono::steady_clock::now() + milliseconds(2));
    }

private:
    void enter() {
        {
            MutexLock lock(mutex_);
            overlapped_ = overlapped_ || inside_;
            inside_ = true;
        }
        std::this_thread::yield();  // room for a second call, should there be one
    }
    void leave() OXCACHE_REQUIRES(mutex_) {
        ++calls_;
        inside_ = false;
        changed_.notifyAll();
    }

    mutable Mutex mutex_;
    CondVar changed_;
    std::vector<std::pair<std::string, Version>> changes_ OXCACHE_GUARDED_BY(mutex_);
    std::size_t gaps_ OXCACHE_GUARDED_BY(mutex_) = 0;
    std::size_t calls_ OXCACHE_GUARDED_BY(mutex_) = 0;
    bool covered_ OXCACHE_GUARDED_BY(mutex_) = false;
    bool inside_ OXCACHE_GUARDED_BY(mutex_) = false;
    bool overlapped_ OXCACHE_GUARDED_BY(mutex_) = false;
};

/// A bus with its listener; stops before the listener goes.
struct Ear {
    Recorder recorder;
    std::unique_ptr<spi::InvalidationBus> bus;

    explicit Ear(const StoreSubject& subject) {
        auto made = subject.makeBus();
        if (!made.ok()) throw BrokenPromise("the bus was not made: " + made.error().message);
        bus = std::move(made).value();
        require(bus != nullptr, "the factory gave neither a bus nor an error");
    }
    ~Ear() {
        if (bus) bus->stop();
    }
    void start() {
        const auto started = bus->start(recorder);
        if (!started.ok()) throw BrokenPromise("start: " + started.error().message);
    }
};

/// A store, and a bus that covers.
class BusFixture : public StoreFixture {
public:
    BusFixture(const StoreSubject& subject, const std::string& check)
        : StoreFixture(subject, check), ear_(subject) {
        ear_.start();
        await([&] { return heard().covered(); }, "coverage after start");
    }

    Recorder& heard() { return ear_.recorder; }
    spi::InvalidationBus& bus() { return *ear_.bus; }

    template <class Condition>
    void await(Condition condition, const std::string& what) {
        const auto end = std::chrono::steady_clock::now() + subject().patience;
        while (std::chrono::steady_clock::now() < end) {
            if (condition()) return;
            pass(milliseconds(5));
            heard().waitBriefly();
        }
        throw BrokenPromise("waited in vain for " + what);
    }

private:
    Ear ear_;
};

void ownPutsAreHeard(BusFixture& at) {
    const Version version = at.nextVersion();
    at.set(at.key("k"), at.value(version, "v"));
    at.await([&] { return at.heard().heard(at.key("k"), version); }, "an own put");
}

void othersPutsAreHeard(BusFixture& at) {
    const auto other = at.anotherStore();
    const std::string key = at.key("k");
    const Version version = at.nextVersion();
    const Bytes envelope = at.value(version, "v");
    const spi::Put put{key, PutMode::Overwrite, envelope, {}, at.now() + 60'000, true};
    only(other->put({&put, 1}, at.soon()), "put");
    at.await([&] { return at.heard().heard(key, version); }, "a put through another store");
}

void removesAreHeard(BusFixture& at) {
    const Version version = at.nextVersion();
    at.set(at.key("k"), at.tombstone(version));
    at.await([&] { return at.heard().heard(at.key("k"), version); }, "a remove");
}

void conditionalPutsAreHeardWhenStored(BusFixture& at) {
    const Version first = at.nextVersion(), second = at.nextVersion(), third = at.nextVersion();
    const Bytes newer = at.value(second, "2");
    const Bytes fill = at.envelope(EntryKind::Value, third, second, "3");
    at.set(at.key("k"), at.value(first, "1"));
    at.put(PutMode::IfNewer, at.key("k"), newer, minutes(1));
    at.await([&] { return at.heard().heard(at.key("k"), second); }, "an IfNewer that was stored");
    at.put(PutMode::FillIfUnchanged, at.key("k"), fill, minutes(1), second);
    at.await([&] { return at.heard().heard(at.key("k"), third); }, "a fill that was stored");
}

void whatIsNotPublishedIsNotHeard(BusFixture& at) {
    at.put(PutMode::Overwrite, at.key("quiet"), at.value(at.nextVersion(), "v"), minutes(1), {},
           false);
    const Version last = at.nextVersion();
    at.set(at.key("last"), at.value(last, "v"));
    at.await([&] { return at.heard().heard(at.key("last"), last); }, "a later put");
    require(!at.heard().heard(at.key("quiet")), "a put without publish was heard");
}

void refusedPutsAreNotHeard(BusFixture& at) {
    const Version older = at.nextVersion(), standing = at.nextVersion();
    at.set(at.key("k"), at.value(standing, "v"));
    at.put(PutMode::IfNewer, at.key("k"), at.value(older, "old"), minutes(1));
    const Version last = at.nextVersion();
    at.set(at.key("last"), at.value(last, "v"));
    at.await([&] { return at.heard().heard(at.key("last"), last); }, "a later put");
    require(!at.heard().heard(at.key("k"), older), "a refused put was heard");
}

void keysAreHeardWhole(BusFixture& at) {
    const std::string zero("\0", 1);
    const std::vector<std::string> names = {zero, "a" + zero + "b", "\xff\n",
                                            std::string(900, 'k')};
    for (const std::string& name : names) {
        const Version version = at.nextVersion();
        at.set(at.key(name), at.value(version, "v"));
        at.await([&] { return at.heard().heard(at.key(name), version); }, "a key of odd bytes");
    }
}

void everyKeyOfABatchIsHeard(BusFixture& at) {
    constexpr std::size_t kCount = 500;
    std::vector<std::string> keys;
    std::vector<Version> versions;
    std::vector<Bytes> envelopes;
    std::vector<spi::Put> puts;
    const std::int64_t expiresMs = at.now() + 60'000;
    for (std::size_t i = 0; i < kCount; ++i) {
        keys.push_back(at.key(std::to_string(i)));
        versions.push_back(at.nextVersion());
        envelopes.push_back(at.value(versions.back(), "v"));
    }
    for (std::size_t i = 0; i < kCount; ++i)
        puts.push_back({keys[i], PutMode::Overwrite, envelopes[i], {}, expiresMs, true});
    at.store().put(puts, at.soon());
    for (std::size_t i = 0; i < kCount; ++i)
        at.await([&] { return at.heard().heard(keys[i], versions[i]); }, "key " + keys[i]);
    require(at.heard().gaps() == 0, "500 changes were a gap");
}

void everyBusHears(BusFixture& at) {
    Ear second(at.subject());
    second.start();
    at.await([&] { return second.recorder.covered(); }, "coverage of a second bus");
    const Version version = at.nextVersion();
    at.set(at.key("k"), at.value(version, "v"));
    at.await([&] { return at.heard().heard(at.key("k"), version); }, "a put at the first bus");
    at.await([&] { return second.recorder.heard(at.key("k"), version); },
             "a put at the second bus");
}

void stopIsFinal(BusFixture& at) {
    at.bus().stop();
    const std::size_t calls = at.heard().calls();
    for (int i = 0; i < 20; ++i) {
        at.set(at.key(std::to_string(i)), at.value(at.nextVersion(), "v"));
        at.pass(milliseconds(5));
        at.heard().waitBriefly();
    }
    require(at.heard().calls() == calls, "the listener was called after stop");
    at.bus().stop();
}

void aBusThatNeverStartedStops(BusFixture& at) {
    Ear idle(at.subject());
    idle.bus->stop();
    require(idle.recorder.calls() == 0, "a bus that was not started called a listener");
}

void callsComeOneAtATime(BusFixture& at) {
    for (int i = 0; i < 100; ++i) at.set(at.key("k"), at.value(at.nextVersion(), "v"));
    const Version last = at.nextVersion();
    at.set(at.key("last"), at.value(last, "v"));
    at.await([&] { return at.heard().heard(at.key("last"), last); }, "the last of 101 puts");
    require(!at.heard().overlapped(), "two calls reached the listener at once");
}

void theStalenessBoundIsDeclared(BusFixture& at) {
    const Duration bound = at.bus().stalenessBound();
    require(bound > Duration::zero() && bound < minutes(1),
            "the staleness bound is " + std::to_string(bound.count()) + " ms");
}

void lostMessagesAreAGap(BusFixture& at) {
    if (!at.subject().loseMessages) return;
    at.subject().loseMessages();
    at.await([&] { return at.heard().gaps() > 0; }, "a gap after messages were lost");
    at.await([&] { return at.heard().covered(); }, "coverage after a gap");
    const Version version = at.nextVersion();
    at.set(at.key("k"), at.value(version, "v"));
    at.await([&] { return at.heard().heard(at.key("k"), version); }, "a put after a gap");
}

constexpr Check<BusFixture> kChecks[] = {
    {"OwnPutsAreHeard", ownPutsAreHeard},
    {"OthersPutsAreHeard", othersPutsAreHeard},
    {"RemovesAreHeard", removesAreHeard},
    {"ConditionalPutsAreHeardWhenStored", conditionalPutsAreHeardWhenStored},
    {"WhatIsNotPublishedIsNotHeard", whatIsNotPublishedIsNotHeard},
    {"RefusedPutsAreNotHeard", refusedPutsAreNotHeard},
    {"KeysAreHeardWhole", keysAreHeardWhole},
    {"EveryKeyOfABatchIsHeard", everyKeyOfABatchIsHeard},
    {"EveryBusHears", everyBusHears},
    {"StopIsFinal", stopIsFinal},
    {"ABusThatNeverStartedStops", aBusThatNeverStartedStops},
    {"CallsComeOneAtATime", callsComeOneAtATime},
    {"TheStalenessBoundIsDeclared", theStalenessBoundIsDeclared},
    {"LostMessagesAreAGap", lostMessagesAreAGap},
};

}  // namespace

std::vector<CheckResult> checkInvalidationBus(const StoreSubject& subject) {
    std::vector<CheckResult> results;
    runChecks(subject, kChecks, results);
    return results;
}

}  // namespace oxcache::conformance
