#include "Round.h"

namespace oxcache::redis {
namespace {

constexpr std::size_t kKeptReplies = 4096;
constexpr std::size_t kKeptBytes = std::size_t{1} << 20;
constexpr std::size_t kKeptRounds = 256;

}  // namespace

void Round::clear() {
    for (std::size_t i = 0; i < used_; ++i) {
        Part& part = *parts_[i];
        part.node.reset();
        part.lane = nullptr;
        part.asking = false;
        part.call.clear();
        if (part.call.request.capacity() > kKeptBytes) Bytes().swap(part.call.request);
        if (part.call.replies.capacity() > kKeptReplies)
            std::vector<Reply>().swap(part.call.replies);
        part.items.clear();
        part.changes.clear();
    }
    used_ = 0;
}

Round::Part& Round::partOf(const std::shared_ptr<Node>& node, Key key, bool asking) {
    Lane& lane = node->laneOf(key);
    for (std::size_t i = 0; i < used_; ++i)
        if (parts_[i]->lane == &lane && parts_[i]->asking == asking) return *parts_[i];
    if (used_ == parts_.size()) parts_.push_back(std::make_unique<Part>());
    Part& part = *parts_[used_++];
    part.node = node;
    part.lane = &lane;
    part.asking = asking;
    return part;
}

void Round::run(SteadyTime until) {
    for (std::size_t i = 0; i < used_; ++i) parts_[i]->lane->submit(parts_[i]->call, until);
    for (std::size_t i = 0; i < used_; ++i) parts_[i]->lane->await(parts_[i]->call, until);
}

std::unique_ptr<Round> RoundPool::take() {
    {
        MutexLock lock(mutex_);
        if (!resting_.empty()) {
            std::unique_ptr<Round> round = std::move(resting_.back());
            resting_.pop_back();
            return round;
        }
    }
    return std::make_unique<Round>();
}

void RoundPool::give(std::unique_ptr<Round> round) noexcept {
    round->clear();
    MutexLock lock(mutex_);
    if (resting_.size() < kKeptRounds) resting_.push_back(std::move(round));
}

}  // namespace oxcache::redis
