#include "TrackingHearing.h"

#include <utility>

#include "CommandWriter.h"

namespace oxcache::redis {
namespace {

constexpr const char* kInvalidations = "__redis__:invalidate";

}  // namespace

TrackingHearing::TrackingHearing(std::vector<std::string> prefixes)
    : prefixes_(std::move(prefixes)) {}

Bytes TrackingHearing::begin(const Connection& connection, SteadyTime) {
    awaited_ = connection.resp3 ? 1 : 2;
    told_ = false;
    Bytes commands;
    CommandWriter writer(commands);
    writer.begin(4 + (connection.resp3 ? 0 : 2) + 2 * prefixes_.size());
    writer.add("CLIENT").add("TRACKING").add("ON");
    if (!connection.resp3) writer.add("REDIRECT").add(connection.identity.id);
    writer.add("BCAST");
    for (const std::string& prefix : prefixes_) writer.add("PREFIX").add(prefix);
    if (!connection.resp3) writer.command({"SUBSCRIBE", kInvalidations});
    return commands;
}

std::string TrackingHearing::hear(const Reply& message, SteadyTime, Heard& heard) {
    if (message.isError())
        return "the server refused to track: " + message.text +
               "; the user needs +client|tracking and +subscribe";
    if (message.isStatus("OK")) {
        --awaited_;
        return {};
    }
    if (!message.isList() || message.items.empty()) return {};
    const Bytes& kind = message.items[0].text;
    if (kind == "invalidate" && message.items.size() == 2) changed(message.items[1], heard);
    if (kind == "tracking-redir-broken") return "the server tracks no longer";
    if (message.items.size() != 3 || message.items[1].text != kInvalidations) return {};
    if (kind == "subscribe") --awaited_;
    // May come before the subscription is confirmed.
    if (kind == "message") changed(message.items[2], heard);
    return {};
}

void TrackingHearing::changed(const Reply& keys, Heard& heard) {
    if (!keys.isList()) {
        heard.lost = true;
        return;
    }
    for (const Reply& key : keys.items) heard.changes.push_back({key.text, {}});
}

void TrackingHearing::tick(SteadyTime, Heard& heard) {
    if (awaited_ > 0 || std::exchange(told_, true)) return;
    heard.covered = true;
}

std::vector<std::string> prefixesOf(const std::string& keyPrefix,
                                    const std::vector<std::string>& markers) {
    std::vector<std::string> prefixes{keyPrefix};
    for (const std::string& marker : markers)
        if (!marker.starts_with(keyPrefix)) prefixes.push_back(marker);
    return prefixes;
}

}  // namespace oxcache::redis
