#include "Outages.h"

namespace oxcache::embedded {

Outages::Outages(const StoreFile& file, Counters& counters, Log log)
    : file_(file), counters_(counters), log_(std::move(log)) {}

Error Outages::errorOf(const Failure& failure) {
    const std::string text = "embedded store " + file_.path() + ": " + failure.what();
    switch (failure.kind()) {
        case FailureKind::Late:
            counters_.busy.fetch_add(1);
            return {ErrorCode::Timeout, text + ": the deadline passed while waiting for the file"};
        case FailureKind::Busy:
            counters_.busy.fetch_add(1);
            return {ErrorCode::Unavailable, text + ": another process holds the file's lock"};
        default:
            counters_.failures.fetch_add(1);
            if (!out_.exchange(true)) log_(spi::LogLevel::Error, text);
            return {ErrorCode::Unavailable, text};
    }
}

void Outages::worked() {
    if (!out_.load(std::memory_order_relaxed) || !out_.exchange(false)) return;
    log_(spi::LogLevel::Information, "embedded store " + file_.path() + ": works again");
}

}  // namespace oxcache::embedded
