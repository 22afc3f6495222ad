#include <doctest/doctest.h>

#include "redis-common/CommandWriter.h"
#include "redis-common/PubSubHearing.h"
#include "redis-common/RespParser.h"
#include "redis-common/TrackingHearing.h"

using namespace oxcache;
using namespace oxcache::redis;
using namespace std::chrono_literals;

namespace {

Reply parsed(const std::string& bytes) {
    RespParser parser;
    BytesView view(bytes);
    REQUIRE(parser.feed(view) == RespParser::Status::Ready);
    return parser.take();
}

Connection resp3() {
    Connection connection;
    connection.resp3 = true;
    return connection;
}
Connection resp2() {
    Connection connection;
    connection.identity = {42, "127.0.0.1:1"};
    return connection;
}

const SteadyTime kStart{};

std::vector<std::string> keysOf(const Heard& heard) {
    std::vector<std::string> keys;
    for (const auto& change : heard.changes) keys.emplace_back(change.key);
    return keys;
}

}  // namespace

TEST_CASE("TrackingAsksForThePrefixesAndIsCoveredWhenConfirmed") {
    TrackingHearing hearing({"s:", "marker"});
    const Bytes commands = hearing.begin(resp3(), kStart);
    CHECK(
        commands ==
        "*8\r\n$6\r\nCLIENT\r\n$8\r\nTRACKING\r\n$2\r\nON\r\n$5\r\nBCAST\r\n$6\r\nPREFIX\r\n$2\r\n"
        "s:\r\n$6\r\nPREFIX\r\n$6\r\nmarker\r\n");
    Heard before;
    hearing.tick(kStart, before);
    CHECK_FALSE(before.covered);
    Heard heard;
    CHECK(hearing.hear(parsed("+OK\r\n"), kStart, heard).empty());
    hearing.tick(kStart, heard);
    CHECK(heard.covered);
    Heard after;
    hearing.tick(kStart, after);
    CHECK_FALSE(after.covered);
}

TEST_CASE("TrackingHearsKeysAndTakesAFlushForALoss") {
    TrackingHearing hearing({"s:"});
    hearing.begin(resp3(), kStart);
    Heard heard;
    const Reply two = parsed(">2\r\n$10\r\ninvalidate\r\n*2\r\n$3\r\ns:a\r\n$3\r\ns:b\r\n");
    CHECK(hearing.hear(two, kStart, heard).empty());
    CHECK(keysOf(heard) == std::vector<std::string>{"s:a", "s:b"});
    CHECK_FALSE(heard.lost);
    CHECK(hearing.hear(parsed(">2\r\n$10\r\ninvalidate\r\n_\r\n"), kStart, heard).empty());
    CHECK(heard.lost);
    CHECK(hearing.hear(parsed("+PONG\r\n"), kStart, heard).empty());
    CHECK_FALSE(hearing.hear(parsed("-NOPERM no\r\n"), kStart, heard).empty());
}

TEST_CASE("AnInvalidationBeforeTheSubscriptionIsConfirmedIsHeard") {
    TrackingHearing hearing({"s:"});
    const Bytes commands = hearing.begin(resp2(), kStart);
    CHECK(commands.find("$8\r\nREDIRECT\r\n$2\r\n42\r\n") != Bytes::npos);
    CHECK(commands.find("$20\r\n__redis__:invalidate\r\n") != Bytes::npos);
    Heard heard;
    const std::string channel = "$20\r\n__redis__:invalidate\r\n";
    CHECK(hearing.hear(parsed("+OK\r\n"), kStart, heard).empty());
    const Reply early = parsed("*3\r\n$7\r\nmessage\r\n" + channel + "*1\r\n$3\r\ns:a\r\n");
    CHECK(hearing.hear(early, kStart, heard).empty());
    CHECK(keysOf(heard) == std::vector<std::string>{"s:a"});
    hearing.tick(kStart, heard);
    CHECK_FALSE(heard.covered);
    CHECK(hearing.hear(parsed("*3\r\n$9\r\nsubscribe\r\n" + channel + ":1\r\n"), kStart, heard)
              .empty());
    hearing.tick(kStart, heard);
    CHECK(heard.covered);
    CHECK(hearing.hear(parsed("*3\r\n$7\r\nmessage\r\n" + channel + "$-1\r\n"), kStart, heard)
              .empty());
    CHECK(heard.lost);
}

TEST_CASE("PrefixesThatOverlapAreNotAskedForTwice") {
    CHECK(prefixesOf("s:", {"m:s:"}) == std::vector<std::string>{"s:", "m:s:"});
    CHECK(prefixesOf("", {"m:"}) == std::vector<std::string>{""});
    CHECK(prefixesOf("m", {"m:"}) == std::vector<std::string>{"m"});
}
