#include "Beater.h"

#include <chrono>

#include "Announcement.h"

namespace oxcache::redis {
namespace {

constexpr Duration kGoodbyePatience{200};

}  // namespace

Beater::Beater(std::shared_ptr<Topology> topology, Clock& clock, Duration pace)
    : topology_(std::move(topology)), clock_(clock), pace_(pace), thread_([this] { run(); }) {}

Beater::~Beater() { stop(); }

void Beater::stop() noexcept {
    {
        MutexLock lock(mutex_);
        if (!running_) return;
        running_ = false;
        changed_.notifyAll();
    }
    thread_.join();
    beat(true);
}

void Beater::run() {
    MutexLock lock(mutex_);
    while (running_) {
        const SteadyTime next = clock_.steady() + pace_;
        while (running_ && clock_.waitUntil(changed_, mutex_, next)) {
        }
        if (!running_) return;
        lock.unlock();
        beat(false);
        lock.lock();
    }
}

void Beater::beat(bool goodbye) {
    const auto kind = goodbye ? Announcement::Kind::Goodbye : Announcement::Kind::Beat;
    const SteadyTime until =
        std::chrono::steady_clock::now() + (goodbye ? kGoodbyePatience : pace_);
    for (const auto& node : topology_->nodes())
        for (const auto& lane : node->lanes()) {
            if (lane->published() == 0 || (goodbye && !lane->connected())) continue;
            Call call;
            CommandWriter writer(call.request);
            writer.begin(3).add(node->outlet().command).add(node->outlet().channel);
            call.numbers.push_back(addAnnouncement(writer, kind, lane->stream(), {}));
            call.repeatsNumber = true;
            call.commands = 1;
            lane->run(call, until);
            if (call.replied() && call.replies.front().isError())
                topology_->unheard(node, call.replies.front());
        }
}

}  // namespace oxcache::redis
