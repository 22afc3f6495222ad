#include "ErrorClass.h"

#include <array>
#include <utility>

namespace oxcache::redis {
namespace {

using Row = std::pair<BytesView, ErrorClass>;

constexpr std::array<Row, 21> kPrefixes = {{
    {"MOVED ", ErrorClass::Moved},
    {"ASK ", ErrorClass::Ask},
    {"TRYAGAIN", ErrorClass::Later},
    {"LOADING", ErrorClass::Later},
    {"BUSY ", ErrorClass::Later},
    {"NOREPLICAS", ErrorClass::Later},
    {"ERR max number of clients", ErrorClass::Later},
    {"READONLY", ErrorClass::WrongNode},
    {"MASTERDOWN", ErrorClass::WrongNode},
    {"CLUSTERDOWN", ErrorClass::WrongNode},
    {"NOAUTH", ErrorClass::Login},
    {"WRONGPASS", ErrorClass::Login},
    {"NOPERM", ErrorClass::Login},
    {"DENIED", ErrorClass::Login},
    {"ERR Client sent AUTH", ErrorClass::Login},
    {"OOM", ErrorClass::OutOfMemory},
    {"MISCONF", ErrorClass::Unwritable},
    {"NOSCRIPT", ErrorClass::UnknownScript},
    {"WRONGTYPE", ErrorClass::WrongType},
    {"ERR unknown command", ErrorClass::UnknownCommand},
    {"NOPROTO", ErrorClass::UnknownCommand},
}};

const char* advice(ErrorClass kind) noexcept {
    switch (kind) {
        case ErrorClass::Login:
            return "; check user, password and the user's ACL";
        case ErrorClass::OutOfMemory:
            return "; raise maxmemory or choose an eviction policy";
        case ErrorClass::WrongNode:
            return "; this is no master that takes writes, correct the address";
        case ErrorClass::UnknownCommand:
            return "; Redis 6.2 or later is needed";
        default:
            return "";
    }
}

}  // namespace

ErrorClass classOf(BytesView text) noexcept {
    for (const Row& row : kPrefixes)
        if (text.starts_with(row.first)) return row.second;
    // A script's failure names the error of the command that failed in it.
    if (text.find("-READONLY ") != BytesView::npos) return ErrorClass::WrongNode;
    if (text.find("-OOM ") != BytesView::npos) return ErrorClass::OutOfMemory;
    if (text.find("WRONGTYPE") != BytesView::npos) return ErrorClass::WrongType;
    return ErrorClass::Command;
}

Error errorOf(const Reply& reply, const std::string& server) {
    const ErrorClass kind = classOf(reply);
    const ErrorCode code =
        kind == ErrorClass::WrongType ? ErrorCode::Undecodable : ErrorCode::Unavailable;
    if (!reply.isError())
        return {ErrorCode::Unavailable, "redis " + server + ": a reply of an unexpected type"};
    return {code, "redis " + server + " answered: " + reply.text + advice(kind)};
}

}  // namespace oxcache::redis
