#pragma once

#include <map>
#include <string>
#include <vector>

#include "Endpoint.h"
#include "oxcache/base/Result.h"

namespace oxcache::redis {

/// A URI taken apart, all parts percent-decoded:
/// `scheme://[user[:password]@]host[:port][,host[:port]...][/segment...][?name=value&...]`;
/// `unix:///path` has its path in the one endpoint.
struct ConnectionString {
    std::string scheme{};
    std::string username{};
    std::string password{};
    bool hasUser = false;
    std::vector<Endpoint> endpoints{};
    std::vector<std::string> segments{};
    std::map<std::string, std::string> query{};

    /// InvalidKey says what is wrong; the text itself is never quoted, it may hold a password.
    static Result<ConnectionString> parse(const std::string& text);
};

}  // namespace oxcache::redis
