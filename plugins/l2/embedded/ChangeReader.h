#pragma once

#include <memory>
#include <string>
#include <vector>

#include "Database.h"
#include "oxcache/base/Version.h"

namespace oxcache::embedded {

/// A connection that follows the change log from the place where it was opened. For one thread;
/// everything throws Failure.
class ChangeReader {
public:
    struct Change {
        std::string key;
        Version version;
    };
    struct Batch {
        std::vector<Change> changes;
        /// Changes before these were trimmed before they were read.
        bool gap = false;
        /// There may be more.
        bool full = false;
    };

    /// Takes its position behind what the log holds now.
    explicit ChangeReader(std::unique_ptr<Database> database);

    Database& database() noexcept { return *database_; }
    /// False when no other connection has committed anything since the last call that gave true.
    bool anythingNew();
    /// What follows the position, which moves on.
    Batch next();

private:
    std::int64_t newest();

    std::unique_ptr<Database> database_;
    Statement dataVersion_, newest_, rows_;
    std::int64_t seenVersion_ = -1;
    std::int64_t position_ = 0;
};

}  // namespace oxcache::embedded
