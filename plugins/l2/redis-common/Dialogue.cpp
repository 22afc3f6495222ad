#include "Dialogue.h"

namespace oxcache::redis {

Error Dialogue::lost(const std::string& why) const {
    return {ErrorCode::Unavailable, "redis " + server_ + ": " + why};
}

Error Dialogue::tooLate() const {
    return {ErrorCode::Timeout,
            "redis " + server_ + ": it accepts connections but does not answer"};
}

Result<Reply> Dialogue::ask(BytesView command, SteadyTime until) {
    if (const auto sent = send(command, until); !sent) return sent.error();
    auto reply = next(until);
    if (!reply) return reply.error();
    if (!*reply) return tooLate();
    return std::move(**reply);
}

Result<void> Dialogue::send(BytesView command, SteadyTime until) {
    while (!command.empty()) {
        const IoResult sent = transport_->send(command.data(), command.size());
        if (sent.status == IoResult::Status::Closed) return lost(sent.why);
        if (sent.status == IoResult::Status::WouldBlock && !transport_->awaitWritable(until))
            return tooLate();
        command.remove_prefix(sent.bytes);
    }
    return {};
}

Result<std::optional<Reply>> Dialogue::next(SteadyTime until) {
    char buffer[4096];
    for (;;) {
        BytesView bytes = unread_;
        while (!bytes.empty()) {
            const RespParser::Status status = parser_.feed(bytes);
            if (status == RespParser::Status::Failed) return lost(parser_.error());
            if (status != RespParser::Status::Ready) continue;
            Reply reply = parser_.take();
            unread_.erase(0, unread_.size() - bytes.size());
            return std::optional<Reply>(std::move(reply));
        }
        unread_.clear();
        if (std::chrono::steady_clock::now() >= until) return std::optional<Reply>();
        const IoResult got = transport_->receive(buffer, sizeof buffer, false);
        if (got.status == IoResult::Status::Closed) return lost(got.why);
        if (got.status == IoResult::Status::WouldBlock) {
            if (!transport_->awaitReadable(until)) return std::optional<Reply>();
            continue;
        }
        unread_.assign(buffer, got.bytes);
    }
}

}  // namespace oxcache::redis
