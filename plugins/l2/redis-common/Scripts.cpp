#include "Scripts.h"

#include <Poco/SHA1Engine.h>

#include "oxcache/base/Envelope.h"

namespace oxcache::redis {
namespace {

// The offsets that are written out in the scripts, counted from 1 there.
static_assert(envelope::kKindOffset == 5);
static_assert(envelope::kVersionOffset == 24);
static_assert(envelope::kWrittenOffset == 48);
static_assert(envelope::kStampSize == 24);
static_assert(envelope::kHeaderSize == 112);

constexpr const char* kLease = R"(
local key, lease, expires = KEYS[1], ARGV[1], ARGV[2]
local head = redis.call('GETRANGE', key, 0, 111)
if #head < 112 or string.sub(head, 1, 5) ~= 'OXCE\1' then
    redis.call('SET', key, lease, 'PXAT', expires)
    return 1
end
local kind = string.byte(head, 6)
if kind < 2 then return redis.call('GET', key) end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if kind == 3 and struct.unpack('<i8', head, 17) > now then return redis.call('GET', key) end
if string.sub(head, 25, 48) ~= ARGV[3] then return {head} end
local left = redis.call('PTTL', key)
if left >= 0 and now + left > tonumber(expires) then
    redis.call('SET', key, lease, 'KEEPTTL')
else
    redis.call('SET', key, lease, 'PXAT', expires)
end
return 1
)";

// Published first: a channel that has moved to another node ends the script, with nothing put.
constexpr const char* kFill = R"(
local head = redis.call('GETRANGE', KEYS[1], 0, 47)
if string.sub(head, 1, 5) ~= 'OXCE\1' or string.sub(head, 25, 48) ~= ARGV[1] then return 0 end
if ARGV[6] ~= '' then redis.call(ARGV[4], ARGV[5], ARGV[6]) end
redis.call('SET', KEYS[1], ARGV[2], 'PXAT', ARGV[3])
return 1
)";

// A version is ms, origin, counter; its order is ms, counter, origin.
constexpr const char* kNewer = R"(
local head = redis.call('GETRANGE', KEYS[1], 0, 71)
if #head == 72 and string.sub(head, 1, 5) == 'OXCE\1' then
    local ms, origin, counter = struct.unpack('<i8i8i8', head, 49)
    local newMs, newOrigin, newCounter = struct.unpack('<i8i8i8', ARGV[1], 49)
    if newMs < ms then return 0 end
    if newMs == ms and newCounter < counter then return 0 end
    if newMs == ms and newCounter == counter and newOrigin <= origin then return 0 end
end
if ARGV[5] ~= '' then redis.call(ARGV[3], ARGV[4], ARGV[5]) end
redis.call('SET', KEYS[1], ARGV[1], 'PXAT', ARGV[2])
return 1
)";

constexpr const char* kTouch = R"(
local head = redis.call('GETRANGE', KEYS[1], 0, 47)
if string.sub(head, 1, 5) ~= 'OXCE\1' or string.sub(head, 25, 48) ~= ARGV[1] then return 0 end
if ARGV[5] ~= '' then redis.call(ARGV[3], ARGV[4], ARGV[5]) end
redis.call('PEXPIREAT', KEYS[1], ARGV[2])
return 1
)";

constexpr const char* kDelete = R"(
local head = redis.call('GETRANGE', KEYS[1], 0, 47)
if string.sub(head, 1, 5) ~= 'OXCE\1' or string.sub(head, 25, 48) ~= ARGV[1] then return 0 end
return redis.call('UNLINK', KEYS[1])
)";

std::string sha1(const std::string& text) {
    Poco::SHA1Engine engine;
    engine.update(text);
    return Poco::DigestEngine::digestToHex(engine.digest());
}

}  // namespace

Script::Script(std::string text) : text_(std::move(text)), hash_(sha1(text_)) {}

CommandWriter& Script::begin(CommandWriter& writer, bool whole, Key key,
                             std::size_t arguments) const {
    writer.begin(4 + arguments);
    writer.add(whole ? "EVAL" : "EVALSHA").add(whole ? text_ : hash_);
    return writer.add("1").add(key);
}

const Script& leaseScript() {
    static const Script script(kLease);
    return script;
}
const Script& fillScript() {
    static const Script script(kFill);
    return script;
}
const Script& newerScript() {
    static const Script script(kNewer);
    return script;
}
const Script& touchScript() {
    static const Script script(kTouch);
    return script;
}
const Script& deleteScript() {
    static const Script script(kDelete);
    return script;
}

}  // namespace oxcache::redis
