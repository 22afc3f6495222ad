#pragma once

#include <string>
#include <vector>

#include <Poco/Redis/Array.h>
#include <Poco/Redis/Error.h>
#include <Poco/Redis/Exception.h>
#include <Poco/Redis/Type.h>

#include "oxcache/Cache.h"

// Commands as Poco builds them. Not part of oxcache.h: whoever includes it links Poco::Redis.
namespace oxcache {
namespace detail {

inline std::string commandArgument(Poco::Redis::RedisType::Ptr element) {
    using namespace Poco::Redis;
    if (element->isBulkString()) {
        const auto& text = static_cast<Type<BulkString>&>(*element).value();
        return text.isNull() ? std::string() : text.value();
    }
    if (element->isInteger())
        return std::to_string(static_cast<Type<Poco::Int64>&>(*element).value());
    if (element->isSimpleString()) return static_cast<Type<std::string>&>(*element).value();
    throw RedisException("a command consists of strings and numbers");
}

inline Poco::Redis::RedisType::Ptr pocoReply(const CommandReply& reply) {
    using namespace Poco::Redis;
    switch (reply.kind) {
        case CommandReply::Kind::Status:
            return new Type<std::string>(reply.text);
        case CommandReply::Kind::Error:
            return new Type<Poco::Redis::Error>(Poco::Redis::Error(reply.text));
        case CommandReply::Kind::Integer:
            return new Type<Poco::Int64>(reply.integer);
        case CommandReply::Kind::Text:
            return new Type<BulkString>(BulkString(reply.text));
        case CommandReply::Kind::List: {
            Array items;
            // One that never held anything is Null to Poco.
            items.addRedisType(new Type<BulkString>);
            items.clear();
            for (const CommandReply& item : reply.items) items.addRedisType(pocoReply(item));
            return new Type<Array>(items);
        }
        case CommandReply::Kind::Null:
            break;
    }
    return new Type<BulkString>(BulkString());
}

}  // namespace detail

/// Sends a command built with Poco::Redis::Command or Array over the cache's own connections, and
/// gives the reply as Poco's types; see Cache::command. An error reply is a Poco::Redis::Error.
/// Throws Poco::Redis::RedisException where no reply came.
inline Poco::Redis::RedisType::Ptr execute(const Cache& cache, const Poco::Redis::Array& command,
                                           const std::optional<Duration>& deadline = {}) {
    std::vector<std::string> arguments;
    for (const auto& element : command) arguments.push_back(detail::commandArgument(element));
    const std::vector<std::string_view> views(arguments.begin(), arguments.end());
    const Result<CommandReply> reply = cache.command(views, deadline);
    if (!reply) throw Poco::Redis::RedisException(reply.error().message);
    return detail::pocoReply(*reply);
}

}  // namespace oxcache
