#include <doctest/doctest.h>

#include <thread>

#include "support/Eventually.h"
#include "support/RedisPlugin.h"
#include "support/TlsFiles.h"

using namespace oxcache;
using namespace oxcache::testing;

namespace {

std::string uriOf(const RedisServer& server, const std::string& host = "127.0.0.1") {
    return "rediss://" + host + ":" + std::to_string(server.tlsPort());
}

/// What a store says that must not come to a connection.
std::string refusal(RedisPlugin& plugin) {
    auto store = plugin.store();
    const auto got = plugin.get(*store, "conformance:k");
    REQUIRE_FALSE(got.ok());
    CHECK((got.error().code == ErrorCode::Unavailable));
    return got.error().message;
}

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("ATlsConnectionCarriesValuesOfAllSizesForManyThreads") {
    const TlsFiles tls;
    RedisServer server(tls, false);
    RedisPlugin plugin(uriOf(server));
    plugin.options.set("tls_ca", tls.ca());
    auto store = plugin.store();
    std::vector<std::thread> threads;
    std::atomic<int> wrong{0};
    for (int thread = 0; thread < 8; ++thread)
        threads.emplace_back([&, thread] {
            const std::string key = "conformance:" + std::to_string(thread);
            for (const std::size_t size : {0U, 1U, 1000U, 16384U, 300000U, 2000000U}) {
                const Version version{1, static_cast<std::uint32_t>(size), 1};
                const Bytes sent = plugin.envelope(
                    EntryKind::Value, Bytes(size, static_cast<char>('a' + thread)), version);
                const auto put = plugin.set(*store, key, sent);
                const auto got = plugin.get(*store, key);
                if (!put.ok() || !got.ok() || *got != sent) ++wrong;
            }
        });
    for (std::thread& thread : threads) thread.join();
    CHECK(wrong == 0);
}

TEST_CASE("AnUnknownAuthorityIsRefused") {
    const TlsFiles tls;
    RedisServer server(tls, false);
    RedisPlugin plugin(uriOf(server));
    plugin.options.set("tls_ca", tls.otherCa());
    CHECK(contains(refusal(plugin), "certificate was refused"));
    RedisPlugin systems(uriOf(server));
    CHECK(contains(refusal(systems), "certificate was refused"));
    RedisPlugin trusting(uriOf(server));
    trusting.options.set("tls_verify", false);
    auto store = trusting.store();
    CHECK(trusting.get(*store, "conformance:k").ok());
}

TEST_CASE("ACertificateOfAnotherNameIsRefused") {
    const TlsFiles tls;
    RedisServer server(tls, false);
    RedisPlugin plugin(uriOf(server));
    plugin.options.set("tls_ca", tls.ca());
    plugin.options.set("tls_server_name", std::string("cache.example"));
    CHECK(contains(refusal(plugin), "certificate was refused"));
    RedisPlugin named(uriOf(server));
    named.options.set("tls_ca", tls.ca());
    named.options.set("tls_server_name", std::string("localhost"));
    auto store = named.store();
    CHECK(named.get(*store, "conformance:k").ok());
}

TEST_CASE("AnExpiredCertificateIsRefused") {
    const TlsFiles tls;
    RedisServer server(
        tls, false,
        {"--tls-cert-file", tls.expiredCertificate(), "--tls-key-file", tls.expiredKey()});
    RedisPlugin plugin(uriOf(server, "localhost"));
    plugin.options.set("tls_ca", tls.ca());
    CHECK(contains(refusal(plugin), "expired"));
}

TEST_CASE("AServerThatWantsACertificateGetsOne") {
    const TlsFiles tls;
    RedisServer server(tls, true);
    RedisPlugin without(uriOf(server));
    without.options.set("tls_ca", tls.ca());
    CHECK_FALSE(refusal(without).empty());
    RedisPlugin with(uriOf(server));
    with.options.set("tls_ca", tls.ca());
    with.options.set("tls_certificate", tls.clientCertificate());
    with.options.set("tls_key", tls.clientKey());
    auto store = with.store();
    CHECK(with.get(*store, "conformance:k").ok());
}

TEST_CASE("AServerWithoutTlsIsToldFromOneWithIt") {
    RedisServer server;
    RedisPlugin plugin("rediss://127.0.0.1:" + std::to_string(server.port()));
    CHECK(contains(refusal(plugin), "TLS"));
}

TEST_CASE("FilesThatAreNotThereAreNamed") {
    const TlsFiles tls;
    RedisServer server(tls, false);
    RedisPlugin plugin(uriOf(server));
    plugin.options.set("tls_ca", std::string("/nowhere/ca.crt"));
    CHECK(contains(refusal(plugin), "tls_ca"));
}

TEST_CASE("ABusListensOverTls") {
    const TlsFiles tls;
    RedisServer server(tls, false);
    struct Ear final : spi::BusListener {
        void onChanges(std::span<const spi::KeyChange> changes) override {
            heard += static_cast<int>(changes.size());
        }
        void onGap(std::optional<unsigned>) override {}
        void onCoverage(bool now) override { covered = now; }
        std::atomic<int> heard{0};
        std::atomic<bool> covered{false};
    } ear;
    RedisPlugin plugin(uriOf(server));
    plugin.options.set("tls_ca", tls.ca());
    auto store = plugin.store();
    auto bus = plugin.bus();
    REQUIRE(bus->start(ear).ok());
    CHECK(eventually([&] { return ear.covered.load(); }));
    CHECK(plugin.set(*store, "conformance:k", plugin.value("v")).ok());
    CHECK(eventually([&] { return ear.heard > 0; }));
    bus->stop();
}
