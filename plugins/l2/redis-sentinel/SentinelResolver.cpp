#include "SentinelResolver.h"

#include <algorithm>
#include <map>
#include <set>

#include "../redis-common/CommandWriter.h"
#include "../redis-common/Connector.h"
#include "../redis-common/ErrorClass.h"

namespace oxcache::redis {
namespace {

using std::chrono::steady_clock;

Bytes command(std::initializer_list<BytesView> words) {
    Bytes bytes;
    CommandWriter(bytes).command(words);
    return bytes;
}

/// The value of a name in a reply that is a map, or a list of names and values.
std::string field(const Reply& reply, BytesView name) {
    for (std::size_t i = 0; i + 1 < reply.items.size(); i += 2)
        if (reply.items[i].text == name) return reply.items[i + 1].text;
    return {};
}

}  // namespace

SentinelResolver::SentinelResolver(const SentinelSettings& settings)
    : settings_(settings), book_(settings.sentinels), answer_(Error{}) {}

std::vector<Endpoint> SentinelResolver::order() const {
    MutexLock lock(mutex_);
    return book_.order();
}

Result<Dialogue> SentinelResolver::connectTo(const Endpoint& sentinel, SteadyTime until) const {
    const Connector connector(settings_.watch,
                              [&](SteadyTime) -> Result<Endpoint> { return sentinel; });
    auto made = connector.connect({}, until);
    if (!made) return made.error();
    return Dialogue(std::move(made->transport), made->server);
}

Result<Dialogue> SentinelResolver::connect(SteadyTime until) {
    Inquiry inquiry;
    for (const Endpoint& sentinel : order()) {
        auto dialogue = connectTo(sentinel, until);
        if (dialogue) return dialogue;
        inquiry.silent(dialogue.error().message);
    }
    return inquiry.error(settings_.master);
}

Result<Endpoint> SentinelResolver::locate(SteadyTime until) {
    {
        MutexLock lock(mutex_);
        if (asking_) {
            while (asking_ && changed_.waitUntil(mutex_, until)) {
            }
            if (asking_)
                return Error{ErrorCode::Timeout, "redis: the sentinels took too long to answer"};
            return answer_;
        }
        asking_ = true;
    }
    Result<Endpoint> answer = askAll(until);
    MutexLock lock(mutex_);
    asking_ = false;
    answer_ = answer;
    changed_.notifyAll();
    return answer;
}

Result<Endpoint> SentinelResolver::askAll(SteadyTime until) {
    Inquiry inquiry;
    for (const Endpoint& sentinel : order()) {
        const auto word = ask(sentinel, false, until);
        if (!word)
            inquiry.silent(word.error().message);
        else if (!word->master)
            inquiry.unknown();
        else
            return *word->master;
    }
    return inquiry.error(settings_.master);
}

SentinelResolver::Poll SentinelResolver::poll(SteadyTime until) {
    Poll poll;
    Inquiry inquiry;
    std::map<std::string, std::size_t> votes;
    std::set<std::string> heard;
    std::optional<Endpoint> spokesman;
    for (const Endpoint& sentinel : order()) {
        const auto word = ask(sentinel, true, until);
        if (!word) {
            inquiry.silent(word.error().message);
        } else if (!word->master) {
            inquiry.unknown();
        } else if (word->id.empty() || heard.insert(word->id).second) {
            // One sentinel may be known by several addresses, and has one vote.
            const std::size_t count = ++votes[word->master->text()];
            if (count <= poll.votes) continue;
            poll.votes = count;
            poll.master = word->master;
            spokesman = sentinel;
        }
    }
    if (!poll.master) poll.error = inquiry.error(settings_.master);
    MutexLock lock(mutex_);
    // Who connects next asks one that is of the most common opinion.
    if (spokesman) book_.answered(*spokesman);
    poll.voters = book_.voters();
    return poll;
}

Result<SentinelResolver::Word> SentinelResolver::ask(const Endpoint& sentinel, bool withId,
                                                     SteadyTime until) {
    until = std::min(until, steady_clock::now() + settings_.watch.connectTimeout);
    auto dialogue = connectTo(sentinel, until);
    if (!dialogue) return dialogue.error();
    Word word;
    if (withId) {
        const auto id = dialogue->ask(command({"SENTINEL", "MYID"}), until);
        if (!id) return id.error();
        if (!id->isError()) word.id = id->text;
    }
    const auto reply =
        dialogue->ask(command({"SENTINEL", "GET-MASTER-ADDR-BY-NAME", settings_.master}), until);
    if (!reply) return reply.error();
    if (reply->isError()) return errorOf(*reply, "sentinel " + sentinel.text());
    if (!reply->isList() || reply->items.size() != 2) return word;
    const auto named = endpointFrom("[" + reply->items[0].text + "]:" + reply->items[1].text);
    if (!named) return named.error();
    word.master = reachable(*named);
    {
        MutexLock lock(mutex_);
        book_.answered(sentinel);
    }
    learn(*dialogue, until);
    return word;
}

// What it says of the others is a gain, not a need.
void SentinelResolver::learn(Dialogue& dialogue, SteadyTime until) {
    const auto reply = dialogue.ask(command({"SENTINEL", "SENTINELS", settings_.master}), until);
    if (!reply || !reply->isList()) return;
    std::vector<Endpoint> others;
    for (const Reply& other : reply->items) {
        const auto endpoint = endpointFrom("[" + field(other, "ip") + "]:" + field(other, "port"));
        if (endpoint) others.push_back(reachable(*endpoint));
    }
    MutexLock lock(mutex_);
    book_.learned(std::move(others));
}

}  // namespace oxcache::redis
