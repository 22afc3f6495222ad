#pragma once

#include <string>
#include <vector>

#include "host/PluginHost.h"
#include "oxcache/base/Envelope.h"
#include "oxcache/base/Mutex.h"
#include "support/RedisServer.h"

namespace oxcache::testing {

/// What a plugin logged. Thread-safe.
class LogBook {
public:
    void add(const std::string& text) {
        MutexLock lock(mutex_);
        lines_.push_back(text);
    }
    bool has(const std::string& part) const {
        MutexLock lock(mutex_);
        for (const std::string& line : lines_)
            if (line.find(part) != std::string::npos) return true;
        return false;
    }

private:
    mutable Mutex mutex_;
    std::vector<std::string> lines_ OXCACHE_GUARDED_BY(mutex_);
};

/// The plugin as a program loads it: from its file, through the host. Options have their defaults,
/// but for a short pace of the bus.
struct RedisPlugin {
    spi::OptionValues options;
    SystemClock clock;
    LogBook book;
    host::PluginHost host{{host::PluginHost::defaultFolder()}};
    const host::Offer* offer = nullptr;
    std::uint32_t counter = 0;

    explicit RedisPlugin(const std::string& uri, const std::string& name = "redis-standalone") {
        auto loaded = host.load("l2", name);
        if (!loaded) throw std::runtime_error(loaded.error().message);
        offer = *loaded;
        options.set("connection_string", uri);
        options.set("tls_verify", true);
        options.set("connect_timeout", Duration(1000));
        options.set("reconnect_max", Duration(200));
        options.set("liveness", Duration(600));
        options.set("connections", std::int64_t{1});
        options.set("queue_commands", std::int64_t{4096});
        options.set("queue_bytes", std::int64_t{32} << 20);
        options.set("max_value", std::int64_t{512} << 20);
        options.set("bus.beat", Duration(200));
        options.set("bus.reorder", Duration(100));
        if (name == "redis-cluster") {
            options.set("cluster.refresh", Duration(60'000));
            options.set("cluster.refresh_pause", Duration(100));
        }
        if (name == "redis-sentinel") {
            options.set("sentinel.timeout", Duration(300));
            options.set("sentinel.confirm", Duration(2000));
        }
    }

    spi::ExtensionContext context() {
        return {options,
                clock,
                "conformance",
                "conformance:",
                1,
                std::uint64_t{512} << 20,
                [this](spi::LogLevel, const std::string& text) { book.add(text); }};
    }
    std::unique_ptr<spi::RemoteStore> store() {
        auto made = offer->remoteStore(context());
        if (!made) throw std::runtime_error(made.error().message);
        return std::move(*made);
    }
    std::unique_ptr<spi::InvalidationBus> bus() {
        auto made = offer->invalidationBus(context());
        if (!made) throw std::runtime_error(made.error().message);
        return std::move(*made);
    }

    Deadline in(Duration time) const { return Deadline::in(clock, time); }
    Deadline soon() const { return in(std::chrono::seconds(10)); }
    Version version() { return {static_cast<std::uint64_t>(clock.wallMs()), ++counter, 1}; }
    Bytes envelope(EntryKind kind, BytesView payload, const Version& version) const {
        EnvelopeHeader header;
        header.kind = kind;
        header.version = header.written = version;
        return encodeEnvelope(header, payload);
    }
    Bytes value(BytesView payload) { return envelope(EntryKind::Value, payload, version()); }

    /// A batch that overwrites; keys and envelopes are lent.
    std::vector<spi::Put> putsOf(const std::vector<std::string>& keys,
                                 const std::vector<Bytes>& envelopes) const {
        std::vector<spi::Put> puts;
        for (std::size_t i = 0; i < keys.size(); ++i)
            puts.push_back({keys[i],
                            spi::PutMode::Overwrite,
                            envelopes[i],
                            {},
                            clock.wallMs() + 600'000,
                            true});
        return puts;
    }
    Result<spi::PutOutcome> put(spi::RemoteStore& store, Key key, BytesView envelope,
                                spi::PutMode mode, const Version& observed, Deadline deadline) {
        const spi::Put put{key, mode, envelope, observed, clock.wallMs() + 600'000, true};
        return store.put({&put, 1}, deadline)[0];
    }
    Result<spi::PutOutcome> set(spi::RemoteStore& store, Key key, BytesView envelope) {
        return put(store, key, envelope, spi::PutMode::Overwrite, {}, soon());
    }
    Result<Bytes> get(spi::RemoteStore& store, Key key, Deadline deadline) const {
        return store.get({&key, 1}, deadline)[0];
    }
    Result<Bytes> get(spi::RemoteStore& store, Key key) const { return get(store, key, soon()); }

    static std::uint64_t counterOf(const spi::RemoteStore& store, const std::string& name) {
        for (const auto& counter : store.counters())
            if (counter.first == name) return counter.second;
        throw std::logic_error("no counter " + name);
    }
};

}  // namespace oxcache::testing
