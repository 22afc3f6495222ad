#include "RespParser.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace oxcache::redis {
namespace {

// Bulks shorter than this come with their neighbours in one read; longer ones get room of their
// own.
constexpr std::size_t kLongBulk = std::size_t{16} << 10;
// What is taken before the bytes themselves have arrived.
constexpr std::size_t kTrusted = std::size_t{1} << 20;
constexpr std::size_t kTrustedElements = 1024;
constexpr std::size_t kVerbatimTag = 4;  // "txt:"

}  // namespace

RespParser::Status RespParser::feed(BytesView& input) {
    while (state_ != State::Done && state_ != State::Failed && !input.empty()) {
        switch (state_) {
            case State::Line:
                readLine(input);
                break;
            case State::Bulk:
                readBulk(input);
                break;
            case State::BulkEnd:
                readBulkEnd(input);
                break;
            case State::Done:
            case State::Failed:
                break;
        }
    }
    if (state_ == State::Failed) return Status::Failed;
    return state_ == State::Done ? Status::Ready : Status::NeedsMore;
}

Reply RespParser::take() {
    state_ = State::Line;
    return std::exchange(current_, {});
}

std::span<char> RespParser::room() {
    if (state_ != State::Bulk || bulkLeft_ < kLongBulk) return {};
    extend(1);
    Bytes& text = current_.text;
    return {text.data() + bulkFilled_, text.size() - bulkFilled_};
}

void RespParser::filled(std::size_t bytes) { bulkTook(bytes); }

/// Makes the text longer, by doubling, so that at least `least` more bytes fit.
void RespParser::extend(std::size_t least) {
    Bytes& text = current_.text;
    if (text.size() >= bulkFilled_ + least) return;
    text.resize(std::min(bulkFilled_ + bulkLeft_,
                         std::max({bulkFilled_ + least, 2 * bulkFilled_, kTrusted})));
}

void RespParser::bulkTook(std::size_t bytes) {
    bulkFilled_ += bytes;
    bulkLeft_ -= bytes;
    if (bulkLeft_ == 0) state_ = State::BulkEnd, bulkLeft_ = 2;
}

void RespParser::readLine(BytesView& input) {
    const std::size_t newline = input.find('\n');
    const BytesView part = input.substr(0, newline);
    if (line_.size() + part.size() > limits_.lineBytes)
        return fail("a line is longer than " + std::to_string(limits_.lineBytes) + " bytes");
    if (newline == BytesView::npos) {
        line_.append(part);
        input = {};
        return;
    }
    input.remove_prefix(newline + 1);
    Bytes joined;
    BytesView line = part;
    if (!line_.empty()) {
        line_.append(part);
        joined = std::exchange(line_, {});
        line = joined;
    }
    if (line.empty() || line.back() != '\r') return fail("a line does not end with CR LF");
    line.remove_suffix(1);
    if (line.find('\r') != BytesView::npos) return fail("a line holds a CR");
    if (line.empty()) return fail("an empty line");
    header(line);
}

void RespParser::readBulk(BytesView& input) {
    const std::size_t bytes = std::min(bulkLeft_, input.size());
    if (bulkFilled_ == 0 && bytes == bulkLeft_) {
        current_.text.assign(input.data(), bytes);
    } else {
        extend(bytes);
        std::copy_n(input.data(), bytes, current_.text.data() + bulkFilled_);
    }
    input.remove_prefix(bytes);
    bulkTook(bytes);
}

void RespParser::readBulkEnd(BytesView& input) {
    if (input.front() != (bulkLeft_ == 2 ? '\r' : '\n'))
        return fail("a bulk is not followed by CR LF");
    input.remove_prefix(1);
    if (--bulkLeft_ > 0) return;
    state_ = State::Line;
    if (verbatim_) {
        if (current_.text.size() < kVerbatimTag || current_.text[kVerbatimTag - 1] != ':')
            return fail("a verbatim string has no format");
        current_.text.erase(0, kVerbatimTag);
    }
    finish(std::exchange(current_, {}));
}

void RespParser::header(BytesView line) {
    const BytesView rest = line.substr(1);
    Reply reply;
    switch (line.front()) {
        case '+':
            reply.type = Reply::Type::Status;
            reply.text = rest;
            return finish(std::move(reply));
        case '-':
            reply.type = Reply::Type::Error;
            reply.text = rest;
            return finish(std::move(reply));
        case ':':
            reply.type = Reply::Type::Integer;
            if (!number(rest, reply.integer)) return fail("an integer is none");
            return finish(std::move(reply));
        case '#':
            reply.type = Reply::Type::Boolean;
            if (rest != "t" && rest != "f") return fail("a boolean is none");
            reply.integer = rest == "t";
            return finish(std::move(reply));
        case '_':
            if (!rest.empty()) return fail("a null has content");
            return finish(std::move(reply));
        case ',':
        case '(':
            if (rest.empty()) return fail("a number is empty");
            reply.type = line.front() == ',' ? Reply::Type::Double : Reply::Type::BigNumber;
            reply.text = rest;
            return finish(std::move(reply));
        case '$':
            current_.type = Reply::Type::String;
            verbatim_ = false;
            return bulk(rest, true);
        case '!':
            current_.type = Reply::Type::Error;
            verbatim_ = false;
            return bulk(rest, false);
        case '=':
            current_.type = Reply::Type::String;
            verbatim_ = true;
            return bulk(rest, false);
        case '*':
            return aggregate(Reply::Type::Array, rest, 1, false);
        case '~':
            return aggregate(Reply::Type::Set, rest, 1, false);
        case '>':
            return aggregate(Reply::Type::Push, rest, 1, false);
        case '%':
            return aggregate(Reply::Type::Map, rest, 2, false);
        case '|':
            return aggregate(Reply::Type::Map, rest, 2, true);
        default:
            return fail("a reply begins with byte " +
                        std::to_string(static_cast<unsigned char>(line.front())));
    }
}

void RespParser::bulk(BytesView length, bool mayBeNull) {
    std::int64_t bytes = 0;
    if (!number(length, bytes)) return fail("a bulk's length is no number");
    if (bytes == -1 && mayBeNull) {
        current_ = {};
        return finish({});
    }
    if (bytes < 0 || static_cast<std::uint64_t>(bytes) > limits_.bulkBytes)
        return fail("a bulk of " + std::to_string(bytes) + " bytes");
    bulkLeft_ = static_cast<std::size_t>(bytes);
    bulkFilled_ = 0;
    state_ = State::Bulk;
    if (bulkLeft_ == 0) state_ = State::BulkEnd, bulkLeft_ = 2;
}

void RespParser::aggregate(Reply::Type type, BytesView count, std::size_t factor, bool attribute) {
    std::int64_t elements = 0;
    if (!number(count, elements)) return fail("an aggregate's length is no number");
    if (elements == -1 && type == Reply::Type::Array) return finish({});
    if (elements < 0 || static_cast<std::uint64_t>(elements) > limits_.elements / factor)
        return fail("an aggregate of " + std::to_string(elements) + " elements");
    if (frames_.size() >= limits_.depth)
        return fail("replies nest deeper than " + std::to_string(limits_.depth));
    Frame frame;
    frame.reply.type = type;
    frame.left = static_cast<std::size_t>(elements) * factor;
    frame.attribute = attribute;
    if (frame.left == 0) {
        if (!attribute) finish(std::move(frame.reply));
        return;
    }
    frame.reply.items.reserve(std::min(frame.left, kTrustedElements));
    frames_.push_back(std::move(frame));
}

// Attributes say something about the reply that follows them; nobody here asks for any.
void RespParser::finish(Reply reply) {
    while (!frames_.empty()) {
        Frame& frame = frames_.back();
        frame.reply.items.push_back(std::move(reply));
        if (--frame.left > 0) return;
        const bool attribute = frame.attribute;
        reply = std::move(frame.reply);
        frames_.pop_back();
        if (attribute) return;
    }
    current_ = std::move(reply);
    state_ = State::Done;
}

void RespParser::fail(const std::string& what) {
    error_ = "protocol error: " + what;
    state_ = State::Failed;
    current_ = {};
    frames_.clear();
    line_.clear();
}

bool RespParser::number(BytesView text, std::int64_t& value) {
    if (text.starts_with('+')) text.remove_prefix(1);
    const char* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, value);
    return !text.empty() && parsed.ec == std::errc() && parsed.ptr == end;
}

}  // namespace oxcache::redis
