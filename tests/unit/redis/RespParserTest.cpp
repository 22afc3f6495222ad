#include <algorithm>
#include <optional>
#include <vector>

#include <doctest/doctest.h>

#include "redis-common/CommandWriter.h"
#include "redis-common/RespParser.h"

using namespace oxcache;
using namespace oxcache::redis;

namespace {

using Type = Reply::Type;
using Status = RespParser::Status;

Reply text(Type type, Bytes value) {
    Reply reply;
    reply.type = type;
    reply.text = std::move(value);
    return reply;
}
Reply integer(std::int64_t value) {
    Reply reply;
    reply.type = Type::Integer;
    reply.integer = value;
    return reply;
}
Reply list(Type type, std::vector<Reply> items) {
    Reply reply;
    reply.type = type;
    reply.items = std::move(items);
    return reply;
}

/// All replies in `pieces`; empty when the parser failed.
std::optional<std::vector<Reply>> parsed(const std::vector<BytesView>& pieces) {
    RespParser parser;
    std::vector<Reply> replies;
    for (BytesView piece : pieces) {
        while (!piece.empty()) {
            const Status status = parser.feed(piece);
            if (status == Status::Failed) return std::nullopt;
            if (status == Status::Ready) replies.push_back(parser.take());
        }
    }
    return replies;
}

Status statusAfter(BytesView bytes, RespLimits limits = {}) {
    RespParser parser(limits);
    return parser.feed(bytes);
}

const Bytes kZero("a\0b\r\n$5\r\n", 9);

/// One of everything, and what it means.
Bytes everything() {
    return "+OK\r\n-ERR no\r\n:-42\r\n$5\r\nhello\r\n$0\r\n\r\n$-1\r\n*-1\r\n*0\r\n"
           "*3\r\n$1\r\na\r\n$-1\r\n*2\r\n:1\r\n+x\r\n$9\r\n" +
           kZero +
           "\r\n_\r\n#t\r\n#f\r\n,1.5\r\n(123456789012345678901\r\n!6\r\nERR no\r\n"
           "=7\r\ntxt:abc\r\n%1\r\n$1\r\nk\r\n:1\r\n~1\r\n:1\r\n|1\r\n+ttl\r\n:3\r\n:7\r\n"
           ">2\r\n+message\r\n*0\r\n";
}
std::vector<Reply> meaning() {
    Reply yes, no;
    yes.type = no.type = Type::Boolean;
    yes.integer = 1;
    return {text(Type::Status, "OK"),
            text(Type::Error, "ERR no"),
            integer(-42),
            text(Type::String, "hello"),
            text(Type::String, ""),
            Reply{},
            Reply{},
            list(Type::Array, {}),
            list(Type::Array, {text(Type::String, "a"), Reply{},
                               list(Type::Array, {integer(1), text(Type::Status, "x")})}),
            text(Type::String, kZero),
            Reply{},
            yes,
            no,
            text(Type::Double, "1.5"),
            text(Type::BigNumber, "123456789012345678901"),
            text(Type::Error, "ERR no"),
            text(Type::String, "abc"),
            list(Type::Map, {text(Type::String, "k"), integer(1)}),
            list(Type::Set, {integer(1)}),
            integer(7),
            list(Type::Push, {text(Type::Status, "message"), list(Type::Array, {})})};
}

}  // namespace

TEST_CASE("EveryTypeOfReplyIsRead") {
    const Bytes stream = everything();
    const auto replies = parsed({stream});
    REQUIRE(replies);
    CHECK(*replies == meaning());
}

TEST_CASE("RepliesSplitAtEveryByteAreTheSame") {
    const Bytes stream = everything();
    for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
        const BytesView whole = stream;
        const auto replies = parsed({whole.substr(0, cut), whole.substr(cut)});
        REQUIRE(replies);
        REQUIRE(*replies == meaning());
    }
}

TEST_CASE("RepliesThatArriveByteByByteAreTheSame") {
    const Bytes stream = everything();
    std::vector<BytesView> pieces;
    for (std::size_t i = 0; i < stream.size(); ++i)
        pieces.push_back(BytesView(stream).substr(i, 1));
    const auto replies = parsed(pieces);
    REQUIRE(replies);
    CHECK(*replies == meaning());
}

TEST_CASE("ATruncatedStreamGivesNoReplyForItsLastPart") {
    const Bytes stream = "$5\r\nhello\r\n";
    for (std::size_t cut = 1; cut < stream.size(); ++cut) {
        RespParser parser;
        BytesView part = BytesView(stream).substr(0, cut);
        CHECK(parser.feed(part) == Status::NeedsMore);
        CHECK_FALSE(parser.atBoundary());
    }
    RespParser parser;
    BytesView whole = stream;
    CHECK(parser.feed(whole) == Status::Ready);
    parser.take();
    CHECK(parser.atBoundary());
}

TEST_CASE("GarbageIsAnErrorAndStaysOne") {
    const char* const garbage[] = {"@what\r\n",
                                   "\r\n",
                                   "$-2\r\n",
                                   "*-2\r\n",
                                   "!-1\r\n",
                                   "$99999999999\r\n",
                                   ":9223372036854775808\r\n",
                                   "*4294967297\r\n",
                                   "$5\r\nhelloXX",
                                   "$5\r\nhello\rX",
                                   "$\r\n",
                                   "$1x\r\n",
                                   "$?\r\n",
                                   ":\r\n",
                                   ":1 \r\n",
                                   "+OK\n",
                                   "+a\rb\r\n",
                                   "#x\r\n",
                                   "_x\r\n",
                                   "=3\r\nabc\r\n",
                                   "=4\r\nabcd\r\n",
                                   "%-1\r\n"};
    for (const char* bytes : garbage) {
        RespParser parser;
        BytesView input = bytes;
        CHECK_MESSAGE(parser.feed(input) == Status::Failed, bytes);
        CHECK(parser.error().starts_with("protocol error: "));
        BytesView good = "+OK\r\n";
        CHECK(parser.feed(good) == Status::Failed);
    }
}

TEST_CASE("LimitsAreKept") {
    RespLimits limits;
    limits.bulkBytes = 10;
    limits.lineBytes = 8;
    limits.elements = 4;
    limits.depth = 3;
    CHECK(statusAfter("$10\r\n0123456789\r\n", limits) == Status::Ready);
    CHECK(statusAfter("$11\r\n", limits) == Status::Failed);
    CHECK(statusAfter("+1234567\r\n", limits) == Status::Failed);
    CHECK(statusAfter("+12345678901234567890", limits) == Status::Failed);
    CHECK(statusAfter("*4\r\n", limits) == Status::NeedsMore);
    CHECK(statusAfter("*5\r\n", limits) == Status::Failed);
    CHECK(statusAfter("%3\r\n", limits) == Status::Failed);
    CHECK(statusAfter("*1\r\n*1\r\n*1\r\n:1\r\n", limits) == Status::Ready);
    CHECK(statusAfter("*1\r\n*1\r\n*1\r\n*1\r\n", limits) == Status::Failed);
}

TEST_CASE("ALengthAloneTakesNoMemory") {
    RespParser parser;
    BytesView claim = "$536870912\r\n";
    CHECK(parser.feed(claim) == Status::NeedsMore);
    CHECK(parser.room().size() <= (std::size_t{1} << 20));
    parser.filled(0);
    CHECK(statusAfter("*16777216\r\n") == Status::NeedsMore);
}

TEST_CASE("ALongBulkIsReceivedInPlace") {
    Bytes value(300'000, '\0');
    for (std::size_t i = 0; i < value.size(); ++i) value[i] = static_cast<char>(i * 7 >> 2);
    const Bytes stream = "$300000\r\n" + value + "\r\n+OK\r\n";
    for (const std::size_t step : {std::size_t{1000}, std::size_t{70'000}, std::size_t{400'000}}) {
        RespParser parser;
        BytesView left = stream;
        std::vector<Reply> replies;
        while (!left.empty()) {
            if (const std::span<char> room = parser.room(); !room.empty()) {
                const std::size_t bytes = std::min({room.size(), left.size(), step});
                std::copy_n(left.data(), bytes, room.data());
                parser.filled(bytes);
                left.remove_prefix(bytes);
                continue;
            }
            BytesView piece = left.substr(0, step);
            const std::size_t given = piece.size();
            if (parser.feed(piece) == Status::Ready) replies.push_back(parser.take());
            left.remove_prefix(given - piece.size());
        }
        REQUIRE(replies.size() == 2);
        CHECK(replies[0].text == value);
        CHECK(replies[1].isStatus("OK"));
    }
}

TEST_CASE("ACommandIsAnArrayOfBulks") {
    Bytes out;
    CommandWriter writer(out);
    writer.command({"SET", "k", kZero}).begin(2).add("PX").add(std::int64_t{-15});
    CHECK(writer.commands() == 2);
    CHECK(out ==
          "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$9\r\n" + kZero + "\r\n*2\r\n$2\r\nPX\r\n$3\r\n-15\r\n");
    const auto replies = parsed({out});
    REQUIRE(replies);
    CHECK(replies->at(0).items.at(2).text == kZero);
}
