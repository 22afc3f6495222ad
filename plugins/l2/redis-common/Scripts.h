#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>

#include "CommandWriter.h"
#include "oxcache/base/Bytes.h"

namespace oxcache::redis {

/// Steps that the server does as one. They compare an envelope's stamps where
/// oxcache/base/Envelope.h says they lie. Immutable; thread-safe.
class Script {
public:
    explicit Script(std::string text);

    /// Begins the call for one key, by hash or (`whole`) by text; as many arguments must follow.
    CommandWriter& begin(CommandWriter& writer, bool whole, Key key, std::size_t arguments) const;

private:
    const std::string text_;
    const std::string hash_;
};

/// Arguments: lease envelope, expiry, the version from which the lease inherits (or nothing).
/// Answers 1 where the lease was left; what stands there; or, in an array, the header of a
/// tombstone or ended lease to inherit from.
const Script& leaseScript();
/// Arguments: observed version, envelope, expiry, publishing command, channel, message (or
/// nothing). Answers 1 or 0.
const Script& fillScript();
/// Arguments: envelope, expiry, publishing command, channel, message (or nothing). Answers 1 or 0.
const Script& newerScript();
/// Arguments: observed version, expiry, publishing command, channel, message (or nothing). Answers
/// 1 or 0.
const Script& touchScript();
/// Arguments: the version that was seen. Deletes where it still stands; answers 1 or 0.
const Script& deleteScript();

}  // namespace oxcache::redis
