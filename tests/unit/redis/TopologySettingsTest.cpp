#include <doctest/doctest.h>

#include "redis-cluster/ClusterSettings.h"
#include "redis-sentinel/SentinelSettings.h"

using namespace oxcache;
using namespace oxcache::redis;

namespace {

using List = spi::OptionValues::List;

/// What the table gives without any setting.
spi::OptionValues defaults() {
    spi::OptionValues options;
    options.set("tls_verify", true);
    options.set("connect_timeout", Duration(1000));
    options.set("reconnect_max", Duration(1000));
    options.set("liveness", Duration(3000));
    options.set("connections", std::int64_t{1});
    options.set("queue_commands", std::int64_t{4096});
    options.set("queue_bytes", std::int64_t{32} << 20);
    options.set("max_value", std::int64_t{512} << 20);
    options.set("bus.beat", Duration(1000));
    options.set("bus.reorder", Duration(250));
    options.set("sentinel.timeout", Duration(300));
    options.set("sentinel.confirm", Duration(10'000));
    options.set("cluster.refresh", Duration(60'000));
    options.set("cluster.refresh_pause", Duration(100));
    return options;
}

spi::OptionValues withUri(const std::string& uri) {
    spi::OptionValues options = defaults();
    options.set("connection_string", uri);
    return options;
}

Endpoint at(const std::string& host, std::uint16_t port) { return {host, port, {}}; }

void refused(const Result<SentinelSettings>& settings, const std::string& why) {
    REQUIRE_FALSE(settings);
    CHECK(settings.error().code == ErrorCode::InvalidKey);
    CHECK_MESSAGE(settings.error().message.find(why) != std::string::npos,
                  settings.error().message);
}

}  // namespace

TEST_CASE("SentinelsAreReadFromTheUri") {
    const auto settings = SentinelSettings::from(
        withUri("redis+sentinel://us%40er:p%3Aw@h1:1,h2,[::1]:3/my%2Fmaster/4?tls=true"));
    REQUIRE(settings);
    CHECK(settings->sentinels == std::vector{at("h1", 1), at("h2", 26379), at("::1", 3)});
    CHECK(settings->master == "my/master");
    CHECK(settings->data.login.username == "us@er");
    CHECK(settings->data.login.password == "p:w");
    CHECK(settings->data.login.database == 4);
    CHECK(settings->data.login.masterOnly);
    CHECK(settings->data.tls.enabled);
    // TLS goes for both unless something else is said; a password never does.
    CHECK(settings->watch.tls.enabled);
    CHECK(settings->watch.login.username.empty());
    CHECK(settings->watch.login.password.empty());
    CHECK_FALSE(settings->watch.login.masterOnly);
    CHECK(settings->watch.login.database == 0);
}

TEST_CASE("SentinelsAreReadFromTheirKeysWhichWin") {
    spi::OptionValues options = withUri("redis+sentinel://h1/m?tls=true");
    options.set("sentinel.addresses", List{"a", "b:7", "[::1]:8"});
    options.set("sentinel.master", std::string("other"));
    options.set("sentinel.username", std::string("watcher"));
    options.set("sentinel.password", std::string("secret"));
    options.set("sentinel.tls", false);
    options.set("sentinel.tls_verify", false);
    options.set("sentinel.tls_ca", std::string("/ca"));
    options.set("sentinel.tls_certificate", std::string("/certificate"));
    options.set("sentinel.tls_key", std::string("/key"));
    options.set("sentinel.tls_server_name", std::string("name"));
    options.set("sentinel.timeout", Duration(50));
    options.set("sentinel.confirm", Duration(700));
    options.set("sentinel.address_map", List{"a=b"});
    const auto settings = SentinelSettings::from(options);
    REQUIRE(settings);
    CHECK(settings->sentinels == std::vector{at("a", 26379), at("b", 7), at("::1", 8)});
    CHECK(settings->master == "other");
    CHECK(settings->watch.login.username == "watcher");
    CHECK(settings->watch.login.password == "secret");
    CHECK(settings->watch.connectTimeout == Duration(50));
    const TlsSettings& tls = settings->watch.tls;
    CHECK_FALSE(tls.enabled);
    CHECK_FALSE(tls.verify);
    CHECK(tls.caLocation == "/ca");
    CHECK(tls.certificate == "/certificate");
    CHECK(tls.key == "/key");
    CHECK(tls.serverName == "name");
    CHECK(settings->data.tls.enabled);
    CHECK(settings->data.tls.caLocation.empty());
    CHECK(settings->confirm == Duration(700));
    CHECK(settings->addresses.reachable(at("a", 5)) == at("b", 5));
}

TEST_CASE("WhatIsWrongWithSentinelsIsSaid") {
    refused(SentinelSettings::from(defaults()), "no sentinel is named");
    refused(SentinelSettings::from(withUri("redis+sentinel://h")), "no master is named");
    refused(SentinelSettings::from(withUri("redis+sentinel://h/m/1?db=2")), "given twice");
    spi::OptionValues options = withUri("redis+sentinel://h/m");
    options.set("sentinel.addresses", List{"h:x"});
    refused(SentinelSettings::from(options), "'h:x': a port is a number");
    options = withUri("redis+sentinel://h/m");
    options.set("sentinel.address_map", List{"h"});
    refused(SentinelSettings::from(options), "'h': a row is ANNOUNCED=REACHABLE");
    options = withUri("redis+sentinel://h/m");
    options.set("sentinel.username", std::string("u"));
    refused(SentinelSettings::from(options), "without sentinel.password");
    options = withUri("redis+sentinel://h/m");
    options.set("sentinel.tls_key", std::string("/key"));
    refused(SentinelSettings::from(options), "belong together");
}

TEST_CASE("ClustersAreReadFromTheUriAndFromKeysWhichWin") {
    const auto settings =
        ClusterSettings::from(withUri("redis+cluster://:pw@h1:1,h2?client_name=me"));
    REQUIRE(settings);
    CHECK(settings->seeds == std::vector{at("h1", 1), at("h2", 6379)});
    CHECK(settings->data.login.password == "pw");
    CHECK(settings->data.login.clientName == "me");
    CHECK_FALSE(settings->data.login.masterOnly);
    spi::OptionValues options = withUri("redis+cluster://h1");
    options.set("cluster.nodes", List{"a:1", "b"});
    options.set("cluster.refresh", Duration(5000));
    options.set("cluster.refresh_pause", Duration(50));
    options.set("cluster.address_map", List{"a:1=c:2"});
    const auto byKey = ClusterSettings::from(options);
    REQUIRE(byKey);
    CHECK(byKey->seeds == std::vector{at("a", 1), at("b", 6379)});
    CHECK(byKey->refresh == Duration(5000));
    CHECK(byKey->pause == Duration(50));
    CHECK(byKey->addresses.reachable(at("a", 1)) == at("c", 2));
    CHECK(byKey->addresses.reachable(at("a", 2)) == at("a", 2));
}

TEST_CASE("WhatIsWrongWithAClusterIsSaid") {
    CHECK_FALSE(ClusterSettings::from(defaults()));
    CHECK_FALSE(ClusterSettings::from(withUri("redis+cluster://h/0")));
    spi::OptionValues options = withUri("redis+cluster://h");
    options.set("database", std::int64_t{1});
    CHECK_FALSE(ClusterSettings::from(options));
    options = withUri("redis+cluster://h");
    options.set("cluster.nodes", List{"h:0"});
    CHECK_FALSE(ClusterSettings::from(options));
    options = withUri("redis+cluster://h");
    options.set("cluster.address_map", List{"a:1=b"});
    CHECK_FALSE(ClusterSettings::from(options));
}
