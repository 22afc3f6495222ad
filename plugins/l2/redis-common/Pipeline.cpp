#include "Pipeline.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace oxcache::redis {
namespace {

constexpr std::size_t kFirstSlots = 64;
// A request of this size is handed over instead of copied, where nothing waits before it.
constexpr std::size_t kLargeRequest = std::size_t{16} << 10;

void finish(Call& call, Call::End end) {
    call.end = end;
    call.finished = true;
}

}  // namespace

Pipeline::Pipeline(std::size_t maxCommands, std::size_t maxBytes)
    : maxCommands_(maxCommands), maxBytes_(maxBytes), ring_(kFirstSlots) {}

bool Pipeline::accepts(const Call& call) const noexcept {
    if (size_ == 0) return true;
    const std::size_t counted = std::min(call.commands, (maxCommands_ + 1) / 2);
    // A large request finds room where no other waits to be sent: it would wait for ever to be
    // alone.
    return commands_ + counted <= maxCommands_ &&
           (pending_.empty() || pending_.size() + call.request.size() <= maxBytes_);
}

void Pipeline::append(Call& call) {
    number(call);
    if (size_ == ring_.size()) grow();
    at(size_) = {&call, call.commands, call.request.size(), call.writes};
    ++size_;
    commands_ += call.commands;
    if (pending_.empty() && call.request.size() >= kLargeRequest)
        std::swap(pending_, call.request);
    else
        pending_.append(call.request);
}

void Pipeline::takePending(Bytes& out) {
    std::swap(out, pending_);
    sent_ = size_;
}

bool Pipeline::deliver(std::vector<Reply>& replies, std::vector<Call*>& finished) {
    bool matched = true;
    for (Reply& reply : replies) {
        if (reply.type == Reply::Type::Push) continue;
        if (sent_ == 0) {
            matched = false;
            break;
        }
        Slot& slot = at(0);
        if (slot.call != nullptr) slot.call->replies.push_back(std::move(reply));
        --commands_;
        if (--slot.left > 0) continue;
        if (slot.call != nullptr) {
            finish(*slot.call, Call::End::Replied);
            finished.push_back(slot.call);
        }
        popFront();
    }
    replies.clear();
    return matched;
}

bool Pipeline::abandon(Call& call) {
    std::size_t index = 0;
    while (index < size_ && at(index).call != &call) ++index;
    if (index == size_) return true;
    if (index >= sent_) {
        forget(index);
        return true;
    }
    at(index).call = nullptr;
    return false;
}

bool Pipeline::fail(const Error& error, std::vector<Call*>& finished) {
    bool unsettled = false;
    for (std::size_t index = 0; index < size_; ++index) {
        const Slot& slot = at(index);
        unsettled = unsettled || (index < sent_ && slot.writes);
        if (slot.call == nullptr) continue;
        slot.call->error = error;
        finish(*slot.call, index < sent_ ? Call::End::Lost : Call::End::NotSent);
        finished.push_back(slot.call);
    }
    head_ = size_ = sent_ = commands_ = 0;
    pending_.clear();
    return unsettled;
}

Call* Pipeline::oldestWaiting() const noexcept {
    for (std::size_t index = 0; index < size_; ++index)
        if (at(index).call != nullptr && at(index).call->waiting) return at(index).call;
    return nullptr;
}

void Pipeline::popFront() noexcept {
    at(0) = {};
    head_ = (head_ + 1) & (ring_.size() - 1);
    --size_;
    --sent_;
}

void Pipeline::grow() {
    std::vector<Slot> larger(ring_.size() * 2);
    for (std::size_t index = 0; index < size_; ++index) larger[index] = at(index);
    ring_ = std::move(larger);
    head_ = 0;
}

// Its bytes are still here: they go, and what follows moves up.
void Pipeline::forget(std::size_t index) {
    std::size_t offset = 0;
    for (std::size_t before = sent_; before < index; ++before) offset += at(before).bytes;
    pending_.erase(offset, at(index).bytes);
    commands_ -= at(index).left;
    for (std::size_t next = index + 1; next < size_; ++next) at(next - 1) = at(next);
    at(size_ - 1) = {};
    --size_;
}

void Pipeline::number(Call& call) {
    for (const std::size_t offset : call.numbers) {
        if (!call.repeatsNumber) ++lastNumber_;
        std::memcpy(call.request.data() + offset, &lastNumber_, sizeof lastNumber_);
    }
}

}  // namespace oxcache::redis
