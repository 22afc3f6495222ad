#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "Reply.h"

namespace oxcache::redis {

/// What a server may send at most; more is a protocol error.
struct RespLimits {
    std::size_t bulkBytes = std::size_t{512} << 20;
    std::size_t lineBytes = std::size_t{64} << 10;
    std::size_t elements = std::size_t{1} << 24;
    std::size_t depth = 32;
};

/// Reads RESP2 and RESP3 from pieces of any size. No I/O, no clock. Memory is taken as bytes
/// arrive, never as much as a length claims. After a protocol error every call fails: the position
/// in the stream is lost, and so is the connection. Not thread-safe.
class RespParser {
public:
    enum class Status { NeedsMore, Ready, Failed };

    explicit RespParser(RespLimits limits = {}) : limits_(limits) {}

    /// Takes from the front of `input` up to the end of one reply. Ready: take() it, then go on.
    Status feed(BytesView& input);
    Reply take();
    /// What is wrong; after Failed.
    const std::string& error() const noexcept { return error_; }
    /// True between replies: a stream that ends elsewhere was cut.
    bool atBoundary() const noexcept { return state_ == State::Line && line_.empty() && !nested(); }

    /// Room for the rest of a long bulk, so that it can be received in place; empty where there is
    /// none. filled() says how much of it was received and must follow before the next call.
    std::span<char> room();
    void filled(std::size_t bytes);

private:
    enum class State { Line, Bulk, BulkEnd, Done, Failed };
    struct Frame {
        Reply reply;
        std::size_t left = 0;
        bool attribute = false;
    };

    bool nested() const noexcept { return !frames_.empty(); }
    void readLine(BytesView& input);
    void readBulk(BytesView& input);
    void readBulkEnd(BytesView& input);
    void extend(std::size_t least);
    void bulkTook(std::size_t bytes);
    void header(BytesView line);
    void bulk(BytesView length, bool mayBeNull);
    void aggregate(Reply::Type type, BytesView count, std::size_t factor, bool attribute);
    void finish(Reply reply);
    void fail(const std::string& what);
    bool number(BytesView text, std::int64_t& value);

    const RespLimits limits_;
    State state_ = State::Line;
    std::string error_;
    Bytes line_;  // a line whose end has not arrived
    bool verbatim_ = false;
    std::size_t bulkLeft_ = 0;
    std::size_t bulkFilled_ = 0;  // of current_.text, which may be larger
    Reply current_;
    std::vector<Frame> frames_;
};

}  // namespace oxcache::redis
