#include "EmbeddedStore.h"

#include <algorithm>

#include "Schema.h"

namespace oxcache::embedded {
namespace {

// Keys that one transaction or snapshot covers; between them the deadline is looked at.
constexpr std::size_t kStretch = 256;
constexpr std::size_t kSweepScan = 1024;
constexpr int kHouseSteps = 16;
constexpr std::int64_t kReturnedPages = 256;
constexpr Duration kHouseLimit{1000};

const Error kLate{ErrorCode::Timeout, "embedded store: the deadline had passed before the call"};

/// The first key behind all that begin with `prefix`; empty: there is none.
std::string endOf(Key prefix) {
    std::string end(prefix);
    while (!end.empty() && static_cast<unsigned char>(end.back()) == 0xff) end.pop_back();
    if (!end.empty()) end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
    return end;
}

}  // namespace

EmbeddedStore::EmbeddedStore(const Settings& settings, Clock& clock, const Log& log)
    : settings_(settings),
      clock_(clock),
      file_(settings, clock, log),
      outages_(file_, counters_, log),
      reads_(file_, settings, clock, outages_),
      writes_(file_, settings, clock, counters_, outages_),
      housekeeper_(clock, settings.sweepInterval, [this] { keepHouse(); }) {
    // Opens the file now, so that what is wrong with it is logged at the start.
    static_cast<void>(time(Deadline::in(clock, settings.busyTimeout)));
}

std::vector<Result<Bytes>> EmbeddedStore::get(std::span<const Key> keys, Deadline deadline) {
    std::vector<Result<Bytes>> answers;
    answers.reserve(keys.size());
    while (answers.size() < keys.size()) {
        const auto part =
            keys.subspan(answers.size()).first(std::min(kStretch, keys.size() - answers.size()));
        std::vector<Bytes> found;
        Result<void> done = deadline.passed(clock_) ? Result<void>(kLate)
                                                    : reads_.run(deadline, [&](Reader& reader) {
                                                          found = reader.get(part, clock_.wallMs());
                                                      });
        if (!done.ok()) {
            answers.resize(keys.size(), Result<Bytes>(done.error()));
            break;
        }
        for (Bytes& bytes : found) answers.emplace_back(std::move(bytes));
    }
    return answers;
}

std::vector<Result<Bytes>> EmbeddedStore::lease(std::span<const Key> keys,
                                                const spi::LeaseRequest& request,
                                                Deadline deadline) {
    std::vector<Result<Bytes>> answers;
    answers.reserve(keys.size());
    while (answers.size() < keys.size()) {
        const auto part =
            keys.subspan(answers.size()).first(std::min(kStretch, keys.size() - answers.size()));
        std::size_t bytes = 0;
        for (const Key key : part) bytes += Writer::footprint(key, envelope::kHeaderSize);
        std::vector<Bytes> standing;
        Result<void> done = write(bytes, deadline, [&](Writer& writer) {
            standing.clear();
            for (const Key key : part) standing.push_back(writer.lease(key, request));
        });
        if (!done.ok()) {
            answers.resize(keys.size(), Result<Bytes>(done.error()));
            break;
        }
        for (Bytes& envelope : standing) answers.emplace_back(std::move(envelope));
    }
    return answers;
}

std::vector<Result<spi::PutOutcome>> EmbeddedStore::put(std::span<const spi::Put> puts,
                                                        Deadline deadline) {
    Outcomes answers(puts.size(), spi::PutOutcome::Refused);
    for (std::size_t next = 0; next < puts.size();) {
        const Part part = takePart(puts, next, answers);
        if (part.places.empty()) continue;
        Result<void> done = write(part.bytes, deadline, [&](Writer& writer) {
            for (const std::size_t at : part.places) answers[at] = writer.put(puts[at]);
        });
        if (done.ok()) continue;
        // The parts that follow would fail alike, each after a wait of its own.
        for (const std::size_t at : part.places) answers[at] = done.error();
        for (; next < puts.size(); ++next) answers[next] = done.error();
    }
    return answers;
}

/// The puts from `next` on that go into one transaction; those that need none are answered.
EmbeddedStore::Part EmbeddedStore::takePart(std::span<const spi::Put> puts, std::size_t& next,
                                            Outcomes& answers) {
    Part part;
    for (; next < puts.size() && part.places.size() < kStretch; ++next) {
        if (auto answer = answeredAlready(puts[next])) {
            answers[next] = std::move(*answer);
            continue;
        }
        const std::size_t bytes = Writer::footprint(puts[next].key, puts[next].envelope.size());
        if (!part.places.empty() && part.bytes + bytes > writes_.groupBytes()) break;
        part.bytes += bytes;
        part.places.push_back(next);
    }
    return part;
}

Result<std::uint64_t> EmbeddedStore::sweep(Key prefix, std::uint64_t live, Deadline deadline) {
    const std::string start(prefix), end = endOf(prefix);
    std::string from = sweepFrom(start, live);
    while (!deadline.passed(clock_)) {
        Reader::Stretch stretch;
        Result<void> read = reads_.run(deadline, [&](Reader& reader) {
            stretch = reader.scan(from, end, live, clock_.wallMs(), kSweepScan);
        });
        if (!read.ok()) return read.error();
        std::uint64_t removed = 0;
        if (!stretch.doomed.empty()) {
            Result<void> done = write(0, deadline, [&](Writer& writer) {
                removed = 0;
                for (const std::string& key : stretch.doomed)
                    removed += writer.removeDead(key, live) ? 1 : 0;
            });
            if (!done.ok()) return done.error();
        }
        sweepTo(start, live, stretch.next);
        if (removed > 0 || stretch.next.empty()) return removed;
        from = std::move(stretch.next);
    }
    return kLate;
}

Result<std::int64_t> EmbeddedStore::time(Deadline deadline) {
    if (deadline.passed(clock_)) return kLate;
    Result<void> done = reads_.run(deadline, [](Reader& reader) { reader.probe(); });
    // Reads may still work where writes do not.
    if (done.ok() && writesFail_.load()) done = write(0, deadline, [](Writer&) {});
    if (!done.ok()) return done.error();
    return clock_.wallMs();
}

std::vector<std::pair<std::string, std::uint64_t>> EmbeddedStore::counters() const {
    return {{"evictions", counters_.evictions.load()},
            {"swept", counters_.swept.load()},
            {"recreated", file_.recreated()},
            {"too_large", counters_.tooLarge.load()},
            {"busy", counters_.busy.load()},
            {"failures", counters_.failures.load()},
            {"transactions", counters_.transactions.load()}};
}

Result<void> EmbeddedStore::write(std::size_t bytes, Deadline deadline,
                                  FunctionRef<void(Writer&)> apply) {
    if (deadline.passed(clock_)) return kLate;
    Result<void> done = writes_.run(bytes, deadline, apply);
    writesFail_.store(!done.ok() && done.error().code == ErrorCode::Unavailable);
    return done;
}

std::optional<Result<spi::PutOutcome>> EmbeddedStore::answeredAlready(const spi::Put& put) {
    if (put.mode == spi::PutMode::Touch) return std::nullopt;
    if (put.envelope.size() > settings_.largestEnvelope()) {
        counters_.tooLarge.fetch_add(1);
        return spi::PutOutcome::TooLarge;
    }
    if (peekEnvelope(put.envelope)) return std::nullopt;
    return Error{ErrorCode::Undecodable, "embedded store: what was to be put is no envelope"};
}

/// Sweeping goes on where the last call for this prefix and generation ended.
std::string EmbeddedStore::sweepFrom(const std::string& prefix, std::uint64_t live) {
    MutexLock lock(mutex_);
    const auto place = sweeps_.find(prefix);
    return place != sweeps_.end() && place->second.live == live ? place->second.next : prefix;
}

void EmbeddedStore::sweepTo(const std::string& prefix, std::uint64_t live, std::string next) {
    MutexLock lock(mutex_);
    if (next.empty())
        sweeps_.erase(prefix);
    else
        sweeps_.insert_or_assign(prefix, SweepPlace{live, std::move(next)});
}

void EmbeddedStore::keepHouse() {
    deleteExpired();
    returnPages();
}

void EmbeddedStore::deleteExpired() {
    for (int step = 0; step < kHouseSteps; ++step) {
        const Deadline deadline = Deadline::in(clock_, kHouseLimit);
        bool any = false;
        const auto looked =
            reads_.run(deadline, [&](Reader& reader) { any = reader.anyExpired(clock_.wallMs()); });
        if (!looked.ok() || !any) return;
        if (!write(0, deadline, [](Writer& writer) { writer.removeExpired(kStretch); }).ok())
            return;
    }
}

/// Brings the file below `max_bytes` after that was lowered.
void EmbeddedStore::returnPages() {
    const auto limit = static_cast<std::int64_t>(settings_.maxBytes) / kPageSize;
    for (int step = 0; step < kHouseSteps; ++step) {
        const Deadline deadline = Deadline::in(clock_, kHouseLimit);
        std::int64_t pages = 0;
        const auto looked = reads_.run(deadline, [&](Reader& reader) { pages = reader.pages(); });
        if (!looked.ok() || pages <= limit) return;
        const auto done = write(0, deadline, [](Writer& writer) {
            writer.makeRoom(0);
            writer.shrink(kReturnedPages);
        });
        if (!done.ok()) return;
        // The file itself becomes shorter when the journal is copied into it.
        static_cast<void>(reads_.run(deadline, [](Reader& reader) { reader.checkpoint(); }));
    }
}

}  // namespace oxcache::embedded
