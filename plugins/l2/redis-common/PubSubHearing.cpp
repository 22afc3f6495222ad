#include "PubSubHearing.h"

#include <utility>

#include "CommandWriter.h"

namespace oxcache::redis {

PubSubHearing::PubSubHearing(const Settings& settings, std::vector<Outlet> outlets)
    : settling_(settings.beat + settings.reorder),
      outlets_(std::move(outlets)),
      book_(settings.beat, settings.reorder) {}

Bytes PubSubHearing::begin(const Connection&, SteadyTime) {
    book_.forget();
    awaited_ = outlets_.size();
    coverAt_ = SteadyTime::max();
    Bytes commands;
    CommandWriter writer(commands);
    for (const Outlet& outlet : outlets_)
        writer.command({outlet.command == "SPUBLISH" ? "SSUBSCRIBE" : "SUBSCRIBE", outlet.channel});
    return commands;
}

std::string PubSubHearing::hear(const Reply& message, SteadyTime now, Heard& heard) {
    if (message.isError()) return "the server refused to subscribe: " + message.text;
    if (!message.isList() || message.items.size() != 3) return {};
    const Bytes& kind = message.items[0].text;
    if (kind == "subscribe" || kind == "ssubscribe") {
        if (awaited_ > 0 && --awaited_ == 0) coverAt_ = now + settling_;
        return {};
    }
    // The server ends a shard's subscription when the shard's slot leaves it.
    if (kind == "unsubscribe" || kind == "sunsubscribe") return "the server ended the subscription";
    if (kind != "message" && kind != "smessage") return {};
    const auto decoded = Announcement::decode(message.items[2].text);
    if (!decoded) {
        heard.lost = true;
        return {};
    }
    heard.lost = book_.heard(*decoded, now) || heard.lost;
    heard.changes.insert(heard.changes.end(), decoded->changes.begin(), decoded->changes.end());
    return {};
}

void PubSubHearing::tick(SteadyTime now, Heard& heard) {
    heard.lost = book_.tick(now) || heard.lost;
    if (now < coverAt_) return;
    coverAt_ = SteadyTime::max();
    book_.settle();
    heard.covered = true;
}

}  // namespace oxcache::redis
