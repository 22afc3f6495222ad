#include <cstdint>
#include <sstream>
#include <string>

#include <Poco/URI.h>

#include "Require.h"
#include "RespReplies.h"
#include "redis-cluster/SlotMap.h"
#include "redis-common/ConnectionString.h"

namespace oxcache::redis {

using fuzz::require;

static bool operator==(const ConnectionString& a, const ConnectionString& b) {
    return a.scheme == b.scheme && a.username == b.username && a.password == b.password &&
           a.hasUser == b.hasUser && a.endpoints == b.endpoints && a.segments == b.segments &&
           a.query == b.query;
}

namespace {

/// Every byte that is not plain, written as % and two digits.
std::string escaped(const std::string& text) {
    std::string result;
    Poco::URI::encode(text, "!#$&'()*+,/:;=?@[]%", result);
    return result;
}

std::string written(const ConnectionString& uri) {
    std::string text = uri.scheme + "://";
    if (uri.hasUser) text += escaped(uri.username) + ":" + escaped(uri.password) + "@";
    std::string mark;
    for (const Endpoint& each : uri.endpoints) {
        text += mark;
        mark = ",";
        if (!each.unixPath.empty())
            text += each.unixPath.front() + escaped(each.unixPath.substr(1));
        else
            text += escaped(each.host) + ":" + std::to_string(each.port);
    }
    for (const std::string& segment : uri.segments) text += "/" + escaped(segment);
    mark = "?";
    for (const auto& [name, value] : uri.query) {
        text += mark;
        text += escaped(name) + "=" + escaped(value);
        mark = "&";
    }
    return text;
}

void checkConnectionString(const std::string& text) {
    const auto uri = ConnectionString::parse(text);
    if (!uri) {
        require(uri.error().code == ErrorCode::InvalidKey, "what is wrong is named so");
        require(uri.error().message.starts_with("connection_string: "), "errors say where");
        return;
    }
    require(!uri->endpoints.empty(), "there is somebody to talk to");
    for (const Endpoint& each : uri->endpoints)
        require(each.port != 0 && !(each.host.empty() && each.unixPath.empty()), "it can be found");
    const auto again = ConnectionString::parse(written(*uri));
    require(again && *again == *uri, "what was read is read again");
}

void checkAddressMap(const std::string& text) {
    std::vector<std::string> rows;
    std::istringstream lines(text);
    for (std::string row; std::getline(lines, row);) rows.push_back(row);
    const auto map = AddressMap::parse(rows);
    if (!map) {
        require(map.error().code == ErrorCode::InvalidKey, "what is wrong is named so");
        return;
    }
    if (rows.size() != 1) return;
    const std::size_t equals = rows[0].find('=');
    const auto announced = endpointFrom(rows[0].substr(0, equals));
    const auto reachable = endpointFrom(rows[0].substr(equals + 1));
    require(announced && reachable, "both sides are addresses");
    require(map->reachable(*announced) == *reachable, "a row says where a server is");
}

void checkSlots(BytesView bytes) {
    RespParser parser;
    fuzz::eachReply(parser, bytes, BytesView::npos, [](const Reply& reply) {
        const auto map = SlotMap::parse(reply, Endpoint{});
        if (!map) return;
        unsigned served = 0;
        for (unsigned slot = 0; slot < kSlots; ++slot) {
            const auto index = map->indexOf(static_cast<Slot>(slot));
            if (index) require(*index < map->masters().size(), "masters exist");
            if (index) ++served;
        }
        require(served == map->covered(), "what is served is counted");
        require(map->movedSince(*map).empty(), "nothing moves by itself");
        for (const Endpoint& master : map->masters())
            require(master.port != 0 && !master.host.empty(), "masters can be found");
    });
}

void checkRedirection(const std::string& text) {
    const Endpoint answered{"answered", 7000, {}};
    const auto redirection = Redirection::parse(text, answered);
    if (!redirection) return;
    require(redirection->slot < kSlots, "slots exist");
    if (!redirection->target) return;
    require(redirection->target->port != 0 && !redirection->target->host.empty(),
            "targets can be found");
}

}  // namespace
}  // namespace oxcache::redis

/// The first byte says what the rest is: `u` a connection string, `a` rows of an address map, `s`
/// replies to CLUSTER SLOTS, `r` the text of a redirection.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
    switch (data[0]) {
        case 'u':
            oxcache::redis::checkConnectionString(text);
            break;
        case 'a':
            oxcache::redis::checkAddressMap(text);
            break;
        case 's':
            oxcache::redis::checkSlots(text);
            break;
        case 'r':
            oxcache::redis::checkRedirection(text);
            break;
        default:
            break;
    }
    return 0;
}
