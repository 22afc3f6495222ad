#include "WriteLane.h"

#include <algorithm>

namespace oxcache::embedded {
namespace {

constexpr int kTries = 3;
constexpr std::size_t kGroupMembers = 64;
constexpr std::size_t kLargestGroup = std::size_t{4} << 20;

bool worthAnotherTry(FailureKind kind) {
    return kind == FailureKind::Corrupt || kind == FailureKind::Full || kind == FailureKind::Moved;
}

}  // namespace

WriteLane::WriteLane(StoreFile& file, const Settings& settings, Clock& clock, Counters& counters,
                     Outages& outages)
    : file_(file),
      settings_(settings),
      clock_(clock),
      counters_(counters),
      outages_(outages),
      groupBytes_(
          std::min(kLargestGroup, static_cast<std::size_t>(settings.largestEnvelope() / 8))) {}

Result<void> WriteLane::run(std::size_t bytes, Deadline deadline,
                            FunctionRef<void(Writer&)> apply) {
    Waiting self{bytes, deadline, apply};
    MutexLock lock(mutex_);
    queue_.push_back(&self);
    while (!self.done) {
        if (led_) {
            const bool inTime = clock_.waitUntil(changed_, mutex_, deadline.time());
            if (inTime || self.taken || self.done) continue;
            std::erase(queue_, &self);
            return outages_.errorOf({FailureKind::Late, "other writers of this process wait too"});
        }
        led_ = true;
        const Group group = takeGroup();
        lock.unlock();
        commitAll(group);
        lock.lock();
        for (Waiting* member : group) member->done = true;
        led_ = false;
        changed_.notifyAll();
    }
    if (self.failure) return outages_.errorOf(*self.failure);
    outages_.worked();
    return {};
}

WriteLane::Group WriteLane::takeGroup() {
    Group group;
    for (std::size_t bytes = 0; !queue_.empty() && group.size() < kGroupMembers;) {
        Waiting* next = queue_.front();
        if (!group.empty() && bytes + next->bytes > groupBytes_) break;
        bytes += next->bytes;
        next->taken = true;
        group.push_back(next);
        queue_.pop_front();
    }
    return group;
}

/// What cannot be committed together is tried one by one: the failure may be of one member only.
void WriteLane::commitAll(const Group& group) {
    const std::optional<Failure> failure = commit(group);
    if (!failure) return;
    for (Waiting* member : group) {
        member->failure = failure;
        if (group.size() > 1) member->failure = commit({member});
    }
}

std::optional<Failure> WriteLane::commit(const Group& group) {
    Deadline deadline = Deadline::never();
    std::size_t bytes = 0;
    for (const Waiting* member : group) {
        deadline = deadline.earlier(member->deadline);
        bytes += member->bytes;
    }
    std::optional<Failure> failure;
    for (int tries = 0; tries < kTries; ++tries, bytes *= 2) {
        try {
            if (failure) repair(*failure, deadline);
            makeReady(deadline);
            transact(group, bytes);
            return std::nullopt;
        } catch (const Failure& caught) {
            failure = caught;
        } catch (const std::exception& caught) {
            failure = Failure(FailureKind::Unusable, caught.what());
        }
        if (writer_) writer_->rollback();
        if (!worthAnotherTry(failure->kind())) break;
    }
    return failure;
}

void WriteLane::repair(const Failure& failure, Deadline deadline) {
    if (failure.kind() != FailureKind::Corrupt || !writer_) return;
    file_.replace(writer_->database(), failure.what(), deadline);
    writer_.reset();
}

void WriteLane::makeReady(Deadline deadline) {
    if (writer_ && writer_->database().moved()) {
        file_.abandon(writer_->database(), deadline);
        writer_.reset();
    }
    if (!writer_) writer_ = std::make_unique<Writer>(file_.open(deadline), settings_);
    writer_->database().waitUntil(deadline);
}

void WriteLane::transact(const Group& group, std::size_t bytes) {
    writer_->begin(clock_.wallMs());
    if (bytes > 0) writer_->makeRoom(bytes);
    for (const Waiting* member : group) member->apply(*writer_);
    const Writer::Tally tally = writer_->commit();
    counters_.transactions.fetch_add(1);
    counters_.evictions.fetch_add(tally.evicted);
    counters_.swept.fetch_add(tally.swept);
    // What went into a file that was being moved aside has not happened: nobody reads it there.
    if (writer_->database().moved())
        throw Failure(FailureKind::Moved, "the file was replaced again and again");
}

}  // namespace oxcache::embedded
