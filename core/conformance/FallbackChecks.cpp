#include <algorithm>
#include <atomic>
#include <thread>

#include "Check.h"

namespace oxcache::conformance {
namespace {

using spi::FallbackOutcome;
using Reply = Result<spi::FallbackReply>;

/// A store under test for one check. `store()` may be used from several threads.
class FallbackFixture {
public:
    FallbackFixture(const FallbackSubject& subject, const char*)
        : subject_(subject), store_(another()) {}

    const FallbackSubject& subject() const { return subject_; }
    spi::FallbackStore& store() { return *store_; }
    std::unique_ptr<spi::FallbackStore> another() const {
        auto made = subject_.makeStore();
        if (!made.ok()) throw BrokenPromise("no store could be made: " + made.error().message);
        require(*made != nullptr, "makeStore gave no store and no error");
        return std::move(made).value();
    }
    Deadline soon() const { return Deadline::in(subject_.clock, std::chrono::seconds(10)); }

    /// Every key of the subject, mixed and some twice.
    std::vector<std::string> mixed() const {
        std::vector<std::string> keys;
        const std::vector<std::string>* const kinds[] = {&subject_.found, &subject_.absent,
                                                         &subject_.unrouted, &subject_.found};
        for (std::size_t i = 0; i < longest(); ++i)
            for (const auto* kind : kinds)
                if (i < kind->size()) keys.push_back((*kind)[i]);
        return keys;
    }

private:
    std::size_t longest() const {
        return std::max({subject_.found.size(), subject_.absent.size(), subject_.unrouted.size()});
    }
    const FallbackSubject& subject_;
    std::unique_ptr<spi::FallbackStore> store_;
};

std::vector<Reply> ask(spi::FallbackStore& store, const std::vector<std::string>& keys,
                       Deadline deadline) {
    auto replies = store.load(std::vector<Key>(keys.begin(), keys.end()), deadline);
    require(replies.size() == keys.size(),
            std::to_string(keys.size()) + " keys, " + std::to_string(replies.size()) + " answers");
    return replies;
}

spi::FallbackReply answered(Reply reply, const std::string& key) {
    if (!reply.ok())
        throw BrokenPromise("load of " + key + ": " + std::string(toString(reply.error().code)) +
                            ": " + reply.error().message);
    return std::move(reply).value();
}

spi::FallbackReply one(FallbackFixture& at, const std::string& key) {
    return answered(std::move(ask(at.store(), {key}, at.soon())[0]), key);
}

bool same(const spi::FallbackReply& a, const spi::FallbackReply& b) {
    return a.outcome == b.outcome && a.value == b.value && a.codec == b.codec;
}

void requireOutcome(FallbackFixture& at, const std::vector<std::string>& keys,
                    FallbackOutcome outcome, const char* otherwise) {
    for (const std::string& key : keys) require(one(at, key).outcome == outcome, key + otherwise);
}

void keysWithAValueAreFound(FallbackFixture& at) {
    require(!at.subject().found.empty(), "the subject names no key that has a value");
    requireOutcome(at, at.subject().found, FallbackOutcome::Found,
                   " has a value, but is not found");
}

void keysWithoutARowAreAbsent(FallbackFixture& at) {
    requireOutcome(at, at.subject().absent, FallbackOutcome::Absent, " is not reported as absent");
}

void keysWithoutARouteAskNothing(FallbackFixture& at) {
    const std::uint64_t before = at.store().queries();
    requireOutcome(at, at.subject().unrouted, FallbackOutcome::NoRoute,
                   " has no route, but one answered");
    require(at.store().queries() == before, "the database was asked for keys without a route");
}

void onlyFoundKeysHaveBytes(FallbackFixture& at) {
    for (const std::string& key : at.mixed()) {
        const spi::FallbackReply reply = one(at, key);
        require(reply.outcome == FallbackOutcome::Found || reply.value.empty(),
                key + " is not found, but has a value");
    }
}

void batchesAnswerInOrder(FallbackFixture& at) {
    const std::vector<std::string> keys = at.mixed();
    auto replies = ask(at.store(), keys, at.soon());
    for (std::size_t i = 0; i < keys.size(); ++i)
        require(same(answered(std::move(replies[i]), keys[i]), one(at, keys[i])),
                "answer " + std::to_string(i) + " of a batch is not that of its key alone");
}

void emptyBatchesAnswerNothing(FallbackFixture& at) {
    const std::uint64_t before = at.store().queries();
    require(ask(at.store(), {}, at.soon()).empty(), "load of no keys gave answers");
    require(at.store().queries() == before, "the database was asked for no keys");
}

void largeBatchesAreWhole(FallbackFixture& at) {
    const std::vector<std::string> once = at.mixed();
    std::vector<std::string> keys;
    while (keys.size() < 2000) keys.insert(keys.end(), once.begin(), once.end());
    auto replies = ask(at.store(), keys, at.soon());
    const auto first = ask(at.store(), once, at.soon());
    for (std::size_t i = 0; i < keys.size(); ++i)
        require(same(answered(std::move(replies[i]), keys[i]),
                     answered(first[i % once.size()], keys[i])),
                "answer " + std::to_string(i) + " of a large batch is not that of its key");
}

void keysHoldAnyBytes(FallbackFixture& at) {
    const std::string found = at.subject().found.front();
    std::vector<std::string> keys{"",
                                  std::string("\0", 1),
                                  "\xff\xfe",
                                  std::string(1024, 'k'),
                                  "'; DROP TABLE x; --",
                                  "%",
                                  "{id}",
                                  ":id",
                                  "\r\n"};
    for (const std::string& odd : std::vector<std::string>(keys)) keys.push_back(found + odd);
    keys.push_back(found);
    auto replies = ask(at.store(), keys, at.soon());
    require(same(answered(std::move(replies.back()), found), one(at, found)),
            "odd keys change the answer for another key");
    for (const std::string& key : keys) ask(at.store(), {key}, at.soon());
}

void errorsAreOfTheClosedList(FallbackFixture& at) {
    std::vector<std::string> keys = at.mixed();
    keys.push_back(at.subject().found.front() + std::string("\0\xff", 2));
    for (const Reply& reply : ask(at.store(), keys, at.soon())) {
        if (reply.ok()) continue;
        const ErrorCode code = reply.error().code;
        require(code == ErrorCode::Unavailable || code == ErrorCode::Timeout ||
                    code == ErrorCode::Closed,
                "an error is " + std::string(toString(code)));
        require(!reply.error().message.empty(), "an error says nothing");
    }
}

void aPassedDeadlineIsATimeout(FallbackFixture& at) {
    const std::uint64_t before = at.store().queries();
    const Deadline passed = Deadline::in(at.subject().clock, Duration::zero());
    for (const Reply& reply : ask(at.store(), at.subject().found, passed))
        require(!reply.ok() && reply.error().code == ErrorCode::Timeout,
                "load after its deadline did not answer Timeout");
    const auto ping = at.store().ping(passed);
    require(!ping.ok() && ping.error().code == ErrorCode::Timeout,
            "ping after its deadline did not answer Timeout");
    require(at.store().queries() == before, "the database was asked after the deadline");
    one(at, at.subject().found.front());
}

void pingAnswers(FallbackFixture& at) {
    const auto ping = at.store().ping(at.soon());
    require(ping.ok(), "ping: " + (ping.ok() ? "" : ping.error().message));
}

void queriesOnlyGrow(FallbackFixture& at) {
    std::uint64_t before = at.store().queries();
    for (const std::string& key : at.mixed()) {
        one(at, key);
        const std::uint64_t now = at.store().queries();
        require(now >= before, "queries() went back");
        before = now;
    }
}

void manyThreadsMayAsk(FallbackFixture& at) {
    const std::vector<std::string> keys = at.mixed();
    const auto expected = ask(at.store(), keys, at.soon());
    std::atomic<bool> differs{false};
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 8; ++thread) {
        threads.emplace_back([&] {
            try {
                for (int round = 0; round < 50; ++round) {
                    const auto replies = ask(at.store(), keys, at.soon());
                    for (std::size_t i = 0; i < keys.size(); ++i)
                        if (!replies[i].ok() || !same(*replies[i], answered(expected[i], keys[i])))
                            differs = true;
                    if (!at.store().ping(at.soon()).ok()) differs = true;
                }
            } catch (...) {
                differs = true;
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    require(!differs, "threads that ask together get other answers than one alone");
}

void storesStandSideBySide(FallbackFixture& at) {
    const std::string key = at.subject().found.front();
    auto other = at.another();
    const auto theirs = answered(std::move(ask(*other, {key}, at.soon())[0]), key);
    require(same(theirs, one(at, key)), "two stores give different answers");
    other.reset();
    require(same(theirs, one(at, key)), "a store changed its answer when another went");
}

constexpr Check<FallbackFixture> kChecks[] = {
    {"KeysWithAValueAreFound", keysWithAValueAreFound},
    {"KeysWithoutARowAreAbsent", keysWithoutARowAreAbsent},
    {"KeysWithoutARouteAskNothing", keysWithoutARouteAskNothing},
    {"OnlyFoundKeysHaveBytes", onlyFoundKeysHaveBytes},
    {"BatchesAnswerInOrder", batchesAnswerInOrder},
    {"EmptyBatchesAnswerNothing", emptyBatchesAnswerNothing},
    {"LargeBatchesAreWhole", largeBatchesAreWhole},
    {"KeysHoldAnyBytes", keysHoldAnyBytes},
    {"ErrorsAreOfTheClosedList", errorsAreOfTheClosedList},
    {"APassedDeadlineIsATimeout", aPassedDeadlineIsATimeout},
    {"PingAnswers", pingAnswers},
    {"QueriesOnlyGrow", queriesOnlyGrow},
    {"ManyThreadsMayAsk", manyThreadsMayAsk},
    {"StoresStandSideBySide", storesStandSideBySide},
};

}  // namespace

std::vector<CheckResult> checkFallbackStore(const FallbackSubject& subject) {
    std::vector<CheckResult> results;
    runChecks(subject, kChecks, results);
    return results;
}

}  // namespace oxcache::conformance
