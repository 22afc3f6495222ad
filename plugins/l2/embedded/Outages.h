#pragma once

#include <atomic>
#include <string>

#include "Counters.h"
#include "Failure.h"
#include "StoreFile.h"
#include "oxcache/base/Error.h"

namespace oxcache::embedded {

/// Turns failures into errors, counts them, and logs the first of an outage and its end.
/// Thread-safe.
class Outages {
public:
    Outages(const StoreFile& file, Counters& counters, Log log);

    /// Late becomes Timeout, everything else Unavailable.
    Error errorOf(const Failure& failure);
    /// A call has succeeded.
    void worked();

private:
    const StoreFile& file_;
    Counters& counters_;
    const Log log_;
    std::atomic<bool> out_{false};
};

}  // namespace oxcache::embedded
