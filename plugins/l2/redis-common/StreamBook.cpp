#include "StreamBook.h"

#include <algorithm>

namespace oxcache::redis {

bool StreamBook::heard(const Announcement& message, SteadyTime now) {
    const bool known = streams_.contains(message.stream);
    if (message.kind == Announcement::Kind::Goodbye && !known)
        return settled_ && message.number > 0;
    Stream& stream = streams_[message.stream];
    stream.lastHeard = now;
    const bool changes = message.kind == Announcement::Kind::Changes;
    if (message.number == 0) return false;
    bool lost = false;
    if (!known) {
        const std::uint64_t missed = changes ? message.number - 1 : message.number;
        lost = settled_ && missed > 0;
        stream.next = missed + 1;
        stream.highest = missed;
    }
    const bool whole = !stream.hole();
    stream.highest = std::max(stream.highest, message.number);
    if (changes && message.number >= stream.next) stream.ahead.insert(message.number);
    advance(stream);
    if (whole && stream.hole()) stream.holeSince = now;
    if (message.kind == Announcement::Kind::Goodbye) {
        lost = lost || stream.hole();
        streams_.erase(message.stream);
    }
    return lost;
}

bool StreamBook::tick(SteadyTime now) {
    bool lost = false;
    for (auto it = streams_.begin(); it != streams_.end();) {
        Stream& stream = it->second;
        if (stream.hole() && now - stream.holeSince >= reorder_) {
            lost = true;
            stream.next = stream.highest + 1;
            stream.ahead.clear();
        }
        if (now - stream.lastHeard >= kMissedBeats * beat_) {
            lost = true;
            it = streams_.erase(it);
        } else {
            ++it;
        }
    }
    return lost;
}

SteadyTime StreamBook::due() const {
    SteadyTime first = SteadyTime::max();
    for (const auto& [name, stream] : streams_) {
        first = std::min(first, stream.lastHeard + kMissedBeats * beat_);
        if (stream.hole()) first = std::min(first, stream.holeSince + reorder_);
    }
    return first;
}

void StreamBook::forget() noexcept {
    streams_.clear();
    settled_ = false;
}

void StreamBook::advance(Stream& stream) {
    while (!stream.ahead.empty() && *stream.ahead.begin() <= stream.next) {
        if (*stream.ahead.begin() == stream.next) ++stream.next;
        stream.ahead.erase(stream.ahead.begin());
    }
}

}  // namespace oxcache::redis
