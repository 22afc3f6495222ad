#pragma once

#include <memory>
#include <string>
#include <vector>

#include "l2/embedded/ChangeLogBus.h"
#include "l2/embedded/EmbeddedStore.h"
#include "oxcache/base/Envelope.h"
#include "support/TempFolder.h"

namespace oxcache::testing {

/// Collects what an extension logs. Thread-safe.
class LogBook {
public:
    embedded::Log log() {
        return [this](spi::LogLevel, const std::string& text) {
            MutexLock lock(mutex_);
            lines_.push_back(text);
        };
    }
    std::vector<std::string> lines() const {
        MutexLock lock(mutex_);
        return lines_;
    }
    std::size_t count(const std::string& part) const {
        MutexLock lock(mutex_);
        std::size_t count = 0;
        for (const std::string& line : lines_) count += line.find(part) != std::string::npos;
        return count;
    }

private:
    mutable Mutex mutex_;
    std::vector<std::string> lines_ OXCACHE_GUARDED_BY(mutex_);
};

/// Stores on one file in a folder of its own, on a manual clock.
struct EmbeddedRig {
    TempFolder folder;
    ManualClock clock;
    LogBook book;
    embedded::Settings settings;
    std::uint32_t counter = 0;

    EmbeddedRig() { settings.path = folder.file("cache.db"); }

    std::unique_ptr<embedded::EmbeddedStore> store() {
        return std::make_unique<embedded::EmbeddedStore>(settings, clock, book.log());
    }
    std::unique_ptr<embedded::ChangeLogBus> bus() {
        return std::make_unique<embedded::ChangeLogBus>(settings, clock, book.log());
    }
    Deadline soon() const { return Deadline::in(clock, std::chrono::seconds(20)); }

    Version version() { return {static_cast<std::uint64_t>(clock.wallMs()), ++counter, 7}; }
    Bytes envelope(EntryKind kind, BytesView payload) {
        EnvelopeHeader header;
        header.kind = kind;
        header.version = header.written = version();
        return encodeEnvelope(header, payload);
    }
    Bytes value(BytesView payload) { return envelope(EntryKind::Value, payload); }

    Result<spi::PutOutcome> put(spi::RemoteStore& store, Key key, BytesView envelope,
                                Duration life = std::chrono::minutes(10)) {
        const spi::Put put{key, spi::PutMode::Overwrite,       envelope,
                           {},  clock.wallMs() + life.count(), true};
        return store.put({&put, 1}, soon())[0];
    }
    bool stored(spi::RemoteStore& store, Key key, BytesView envelope,
                Duration life = std::chrono::minutes(10)) {
        const auto outcome = put(store, key, envelope, life);
        return outcome.ok() && outcome.value() == spi::PutOutcome::Stored;
    }
    Result<Bytes> get(spi::RemoteStore& store, Key key) { return store.get({&key, 1}, soon())[0]; }
    /// The bytes at a key; "error" where the call failed.
    Bytes bytesAt(spi::RemoteStore& store, Key key) {
        const auto answer = get(store, key);
        return answer.ok() ? answer.value() : "error: " + answer.error().message;
    }
    static std::uint64_t counterOf(const spi::RemoteStore& store, const std::string& name) {
        for (const auto& counter : store.counters())
            if (counter.first == name) return counter.second;
        throw std::logic_error("no counter " + name);
    }
};

}  // namespace oxcache::testing
