#pragma once

#include <string>

#include "Reply.h"
#include "oxcache/base/Error.h"

namespace oxcache::redis {

/// What an error reply says about the server, the connection or the command.
enum class ErrorClass {
    None,
    Moved,           ///< another node has the slot, for good
    Ask,             ///< another node has the key, this once
    Later,           ///< TRYAGAIN, LOADING, BUSY, NOREPLICAS, too many clients: the same, later
    WrongNode,       ///< READONLY, MASTERDOWN, CLUSTERDOWN: this node should not have been asked
    Login,           ///< NOAUTH, WRONGPASS, NOPERM, DENIED: user, password or rights are wrong
    OutOfMemory,     ///< OOM: nothing that needs memory is taken
    Unwritable,      ///< MISCONF: the server refuses writes
    UnknownScript,   ///< NOSCRIPT
    WrongType,       ///< something that is no string stands at the key
    UnknownCommand,  ///< the server is too old
    Command          ///< the command itself is wrong: never send it again
};

ErrorClass classOf(BytesView errorText) noexcept;
inline ErrorClass classOf(const Reply& reply) noexcept {
    return reply.isError() ? classOf(reply.text) : ErrorClass::None;
}

/// The error reply as an Error: Undecodable for WrongType, else Unavailable; says who answered
/// what.
Error errorOf(const Reply& reply, const std::string& server);

}  // namespace oxcache::redis
