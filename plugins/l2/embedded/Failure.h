#pragma once

#include <stdexcept>
#include <string>

namespace oxcache::embedded {

/// Busy: others held the file's lock for `busy_timeout`. Late: the call's deadline passed first.
/// Corrupt: the file is not a database of this schema, or a part of it is malformed. Full: no page
/// left under `max_bytes`, or on the disk. Moved: another file lies at the path. Unusable: anything
/// else (permissions, I/O, a folder).
enum class FailureKind { Busy, Late, Corrupt, Full, Moved, Unusable };

/// What SQLite or the file system refused. Inside the plugin failures travel as exceptions, because
/// every statement can fail and one place (a lane's retry loop) treats them all; that place turns
/// them into an Error, none leaves the plugin.
class Failure : public std::runtime_error {
public:
    Failure(FailureKind kind, const std::string& what) : std::runtime_error(what), kind_(kind) {}

    FailureKind kind() const noexcept { return kind_; }

private:
    FailureKind kind_;
};

}  // namespace oxcache::embedded
