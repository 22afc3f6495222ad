#pragma once

#include <memory>
#include <vector>

#include "Outages.h"
#include "Reader.h"
#include "StoreFile.h"
#include "oxcache/base/FunctionRef.h"
#include "oxcache/base/Mutex.h"

namespace oxcache::embedded {

/// The way of all reads of one process: a few connections, opened as they are needed, each used by
/// one thread at a time. Thread-safe.
class ReadLane {
public:
    ReadLane(StoreFile& file, const Settings& settings, Clock& clock, Outages& outages);

    /// Runs `read` with a connection. `read` may run again when the file was replaced, and may
    /// throw Failure. Errors: Timeout, Unavailable.
    Result<void> run(Deadline deadline, FunctionRef<void(Reader&)> read);

private:
    class Loan;

    void borrow(Deadline deadline);
    std::unique_ptr<Reader> takeIdle();
    void giveBack(std::unique_ptr<Reader> reader);
    void readOnce(Deadline deadline, FunctionRef<void(Reader&)> read);
    void makeReady(std::unique_ptr<Reader>& reader, Deadline deadline);

    StoreFile& file_;
    const std::size_t most_;
    Clock& clock_;
    Outages& outages_;

    Mutex mutex_;
    CondVar changed_;
    std::vector<std::unique_ptr<Reader>> idle_ OXCACHE_GUARDED_BY(mutex_);
    std::size_t lent_ OXCACHE_GUARDED_BY(mutex_) = 0;
};

}  // namespace oxcache::embedded
