#include "ConnectionString.h"

#include <charconv>
#include <utility>

#include <Poco/Exception.h>
#include <Poco/URI.h>

namespace oxcache::redis {
namespace {

/// Ends parse() with a reason.
struct Wrong {
    std::string what;
};

std::string decoded(const std::string& text) {
    std::string result;
    try {
        Poco::URI::decode(text, result);
    } catch (const Poco::Exception&) {
        throw Wrong{"a % is not followed by two hexadecimal digits; write % as %25"};
    }
    return result;
}

std::vector<std::string> split(const std::string& text, char mark) {
    std::vector<std::string> parts;
    std::size_t begin = 0;
    for (;;) {
        const std::size_t end = text.find(mark, begin);
        parts.push_back(text.substr(begin, end - begin));
        if (end == std::string::npos) return parts;
        begin = end + 1;
    }
}

std::uint16_t portOf(const std::string& text) {
    std::uint16_t port = 0;
    const char* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, port);
    if (parsed.ec != std::errc() || parsed.ptr != end || port == 0)
        throw Wrong{"a port must be a number from 1 to 65535"};
    return port;
}

Endpoint endpointOf(const std::string& text, std::uint16_t defaultPort) {
    Endpoint endpoint;
    endpoint.port = defaultPort;
    std::string host = text, port;
    if (text.starts_with('[')) {
        const std::size_t end = text.find(']');
        if (end == std::string::npos) throw Wrong{"the ] of an IPv6 address is missing"};
        host = text.substr(1, end - 1);
        if (end + 1 < text.size() && text[end + 1] != ':')
            throw Wrong{"after the ] of an IPv6 address only :port may follow"};
        if (end + 1 < text.size()) port = text.substr(end + 2);
    } else if (const std::size_t colon = text.find(':'); colon != std::string::npos) {
        host = text.substr(0, colon);
        port = text.substr(colon + 1);
        if (port.find(':') != std::string::npos) throw Wrong{"an IPv6 address is written in [ ]"};
    }
    if (host.empty()) throw Wrong{"a host is empty"};
    endpoint.host = decoded(host);
    if (!port.empty()) endpoint.port = portOf(port);
    return endpoint;
}

void readQuery(const std::string& text, ConnectionString& result) {
    for (const std::string& part : split(text, '&')) {
        if (part.empty()) continue;
        const std::size_t equals = part.find('=');
        if (equals == std::string::npos) throw Wrong{"a parameter after ? lacks its ="};
        const std::string name = decoded(part.substr(0, equals));
        if (!result.query.emplace(name, decoded(part.substr(equals + 1))).second)
            throw Wrong{"parameter '" + name + "' is there twice"};
    }
}

void readUser(const std::string& text, ConnectionString& result) {
    const std::size_t colon = text.find(':');
    result.hasUser = true;
    result.username = decoded(text.substr(0, colon));
    if (colon != std::string::npos) result.password = decoded(text.substr(colon + 1));
}

void readPath(const std::string& text, ConnectionString& result) {
    for (const std::string& segment : split(text, '/'))
        if (!segment.empty()) result.segments.push_back(decoded(segment));
}

ConnectionString taken(std::string text) {
    ConnectionString result;
    const std::size_t scheme = text.find("://");
    if (scheme == std::string::npos) throw Wrong{"it must begin with a scheme like redis://"};
    result.scheme = text.substr(0, scheme);
    text.erase(0, scheme + 3);
    if (const std::size_t mark = text.find('?'); mark != std::string::npos) {
        readQuery(text.substr(mark + 1), result);
        text.erase(mark);
    }
    const std::size_t slash = std::min(text.find('/'), text.size());
    std::string authority = text.substr(0, slash);
    const std::string path = text.substr(slash);
    if (const std::size_t at = authority.rfind('@'); at != std::string::npos) {
        readUser(authority.substr(0, at), result);
        authority.erase(0, at + 1);
    }
    if (result.scheme.ends_with("unix")) {
        if (path.size() < 2) throw Wrong{"the path of the socket is missing"};
        Endpoint endpoint;
        endpoint.unixPath = decoded(path);
        result.endpoints.push_back(endpoint);
        return result;
    }
    const std::uint16_t port = result.scheme == "redis+sentinel" ? kSentinelPort : kRedisPort;
    for (const std::string& each : split(authority, ','))
        result.endpoints.push_back(endpointOf(each, port));
    readPath(path, result);
    return result;
}

}  // namespace

Result<ConnectionString> ConnectionString::parse(const std::string& text) {
    try {
        return taken(text);
    } catch (const Wrong& wrong) {
        return Error{ErrorCode::InvalidKey, "connection_string: " + wrong.what};
    }
}

}  // namespace oxcache::redis
