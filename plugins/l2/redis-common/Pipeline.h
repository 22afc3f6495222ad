#pragma once

#include <cstdint>
#include <vector>

#include "Call.h"

namespace oxcache::redis {

/// Which calls are under way on one connection, in order: bytes go out as they were appended,
/// replies come in the same order. A written command keeps its place until its reply is here, also
/// when nobody waits for it any more. A state machine without I/O, threads or clock; its owner
/// guards it.
class Pipeline {
public:
    Pipeline(std::size_t maxCommands, std::size_t maxBytes);

    /// Whether one more call fits; one of more commands than half of the bound counts as that half,
    /// for it would have to wait until nobody else asks for anything.
    bool accepts(const Call& call) const noexcept;
    /// Takes the call's bytes, and numbers its messages.
    void append(Call& call);
    /// True when bytes wait to be written.
    bool pending() const noexcept { return !pending_.empty(); }
    /// All that waits goes into `out`, which is empty; from now on it counts as sent.
    void takePending(Bytes& out);

    /// The replies of the oldest calls; calls that became complete are appended to `finished`.
    /// False when there are more replies than commands.
    bool deliver(std::vector<Reply>& replies, std::vector<Call*>& finished);
    /// The caller waits no longer. True when the call was not yet sent, and is forgotten.
    bool abandon(Call& call);
    /// The connection is gone: every call ends and is appended to `finished`. True when a write was
    /// among those that were sent.
    bool fail(const Error& error, std::vector<Call*>& finished);

    /// The oldest call whose caller is waiting; null: none.
    Call* oldestWaiting() const noexcept;
    bool empty() const noexcept { return size_ == 0; }
    /// Calls written and not yet answered.
    std::size_t sent() const noexcept { return sent_; }
    std::size_t commands() const noexcept { return commands_; }
    std::size_t pendingBytes() const noexcept { return pending_.size(); }

    /// Messages numbered so far, in this life of the connection and all before.
    std::uint64_t lastNumber() const noexcept { return lastNumber_; }

private:
    struct Slot {
        Call* call = nullptr;
        std::size_t left = 0;   // replies
        std::size_t bytes = 0;  // of the request
        bool writes = false;
    };

    Slot& at(std::size_t index) noexcept { return ring_[(head_ + index) & (ring_.size() - 1)]; }
    const Slot& at(std::size_t index) const noexcept {
        return ring_[(head_ + index) & (ring_.size() - 1)];
    }
    void popFront() noexcept;
    void grow();
    void forget(std::size_t index);
    void number(Call& call);

    const std::size_t maxCommands_;
    const std::size_t maxBytes_;
    std::vector<Slot> ring_;  // a power of two
    std::size_t head_ = 0;
    std::size_t size_ = 0;
    std::size_t sent_ = 0;
    std::size_t commands_ = 0;
    Bytes pending_;
    std::uint64_t lastNumber_ = 0;
};

}  // namespace oxcache::redis
