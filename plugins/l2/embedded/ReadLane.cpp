#include "ReadLane.h"

namespace oxcache::embedded {
namespace {

constexpr int kTries = 3;

}  // namespace

/// A place among the readers, and the connection that fills it.
class ReadLane::Loan {
public:
    Loan(ReadLane& lane, Deadline deadline) : lane_(lane) {
        lane_.borrow(deadline);
        reader = lane_.takeIdle();
    }
    ~Loan() { lane_.giveBack(std::move(reader)); }
    Loan(const Loan&) = delete;
    Loan& operator=(const Loan&) = delete;

    std::unique_ptr<Reader> reader;

private:
    ReadLane& lane_;
};

ReadLane::ReadLane(StoreFile& file, const Settings& settings, Clock& clock, Outages& outages)
    : file_(file), most_(settings.readers), clock_(clock), outages_(outages) {}

Result<void> ReadLane::run(Deadline deadline, FunctionRef<void(Reader&)> read) {
    for (int tries = 1;; ++tries) {
        try {
            readOnce(deadline, read);
            outages_.worked();
            return {};
        } catch (const Failure& failure) {
            if (failure.kind() == FailureKind::Corrupt && tries < kTries) continue;
            return outages_.errorOf(failure);
        } catch (const std::exception& problem) {
            return outages_.errorOf(Failure(FailureKind::Unusable, problem.what()));
        }
    }
}

void ReadLane::readOnce(Deadline deadline, FunctionRef<void(Reader&)> read) {
    Loan loan(*this, deadline);
    makeReady(loan.reader, deadline);
    try {
        read(*loan.reader);
    } catch (const Failure& failure) {
        const std::unique_ptr<Reader> broken = std::move(loan.reader);
        if (failure.kind() == FailureKind::Corrupt)
            file_.replace(broken->database(), failure.what(), deadline);
        throw;
    }
}

void ReadLane::makeReady(std::unique_ptr<Reader>& reader, Deadline deadline) {
    if (reader && reader->database().moved()) {
        file_.abandon(reader->database(), deadline);
        reader.reset();
    }
    if (!reader) reader = std::make_unique<Reader>(file_.open(deadline));
    reader->database().waitUntil(deadline);
}

void ReadLane::borrow(Deadline deadline) {
    MutexLock lock(mutex_);
    while (lent_ >= most_)
        if (!clock_.waitUntil(changed_, mutex_, deadline.time()) && lent_ >= most_)
            throw Failure(FailureKind::Late, "all readers are in use");
    ++lent_;
}

std::unique_ptr<Reader> ReadLane::takeIdle() {
    MutexLock lock(mutex_);
    if (idle_.empty()) return nullptr;
    std::unique_ptr<Reader> reader = std::move(idle_.back());
    idle_.pop_back();
    return reader;
}

void ReadLane::giveBack(std::unique_ptr<Reader> reader) {
    MutexLock lock(mutex_);
    --lent_;
    if (reader) idle_.push_back(std::move(reader));
    changed_.notifyOne();
}

}  // namespace oxcache::embedded
