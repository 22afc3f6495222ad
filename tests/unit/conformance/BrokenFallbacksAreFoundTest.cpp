#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <map>

#include "oxcache/conformance/Conformance.h"

using namespace oxcache;

namespace {

using Replies = std::vector<Result<spi::FallbackReply>>;

/// A fallback of two rows that breaks one promise.
struct Defect {
    std::function<void(std::span<const Key>, Replies&)> replies{};
    bool ignoresDeadlines = false;
    bool countsEveryCall = false;
    bool countsBackwards = false;
    bool cannotPing = false;
    bool sharesItsRows = false;
};

class RowStore final : public spi::FallbackStore {
public:
    RowStore(Clock& clock, Defect defect, std::map<std::string, std::string>& shared)
        : clock_(clock), defect_(std::move(defect)), shared_(shared) {
        shared_["row:1"] = "one";
    }
    ~RowStore() override {
        if (defect_.sharesItsRows) shared_.erase("row:1");
    }

    Replies load(std::span<const Key> keys, Deadline deadline) override {
        Replies replies;
        const bool late = deadline.passed(clock_) && !defect_.ignoresDeadlines;
        if (defect_.countsEveryCall) ++queries_;
        for (const Key key : keys) {
            if (late)
                replies.emplace_back(Error{ErrorCode::Timeout, "late"});
            else
                replies.emplace_back(reply(key));
        }
        if (defect_.replies) defect_.replies(keys, replies);
        return replies;
    }
    Result<void> ping(Deadline deadline) override {
        if (deadline.passed(clock_) && !defect_.ignoresDeadlines)
            return Error{ErrorCode::Timeout, "late"};
        if (defect_.cannotPing) return Error{ErrorCode::Unavailable, "cannot"};
        return {};
    }
    std::uint64_t queries() const noexcept override {
        return defect_.countsBackwards ? 1000 - queries_ : queries_.load();
    }

private:
    spi::FallbackReply reply(Key key) {
        if (!key.starts_with("row:")) return {};
        ++queries_;
        const auto row = shared_.find(std::string(key));
        if (row == shared_.end()) return {spi::FallbackOutcome::Absent};
        return {spi::FallbackOutcome::Found, row->second};
    }

    Clock& clock_;
    const Defect defect_;
    std::map<std::string, std::string>& shared_;
    std::atomic<std::uint64_t> queries_{0};
};

std::vector<std::string> failuresWith(const Defect& defect) {
    SystemClock clock;
    std::map<std::string, std::string> rows{{"row:1", "one"}, {"row:2", ""}};
    const conformance::FallbackSubject subject{
        [&]() -> Result<std::unique_ptr<spi::FallbackStore>> {
            return std::unique_ptr<spi::FallbackStore>(
                std::make_unique<RowStore>(clock, defect, rows));
        },
        clock,
        {"row:1", "row:2"},
        {"row:3"},
        {"nothing"}};
    std::vector<std::string> failures;
    for (const auto& result : conformance::checkFallbackStore(subject)) {
        CHECK(result.passed == result.message.empty());
        if (!result.passed) failures.push_back(result.name);
    }
    return failures;
}

bool finds(const Defect& defect, const std::string& check) {
    const auto failures = failuresWith(defect);
    return std::find(failures.begin(), failures.end(), check) != failures.end();
}

Defect changing(std::function<void(std::span<const Key>, Replies&)> replies) {
    Defect defect;
    defect.replies = std::move(replies);
    return defect;
}

Defect changingEach(std::function<void(Key, spi::FallbackReply&)> change) {
    return changing([change = std::move(change)](std::span<const Key> keys, Replies& replies) {
        for (std::size_t i = 0; i < keys.size(); ++i)
            if (replies[i].ok()) change(keys[i], *replies[i]);
    });
}

}  // namespace

TEST_CASE("ASoundFallbackFailsNothing") { CHECK(failuresWith({}).empty()); }

TEST_CASE("WrongOutcomesAreFound") {
    CHECK(finds(changingEach([](Key key, spi::FallbackReply& reply) {
                    if (key == "row:1") reply = {spi::FallbackOutcome::Absent};
                }),
                "KeysWithAValueAreFound"));
    CHECK(finds(changingEach([](Key key, spi::FallbackReply& reply) {
                    if (key == "row:3") reply.outcome = spi::FallbackOutcome::NoRoute;
                }),
                "KeysWithoutARowAreAbsent"));
    CHECK(finds(changingEach([](Key key, spi::FallbackReply& reply) {
                    if (key == "nothing") reply.outcome = spi::FallbackOutcome::Absent;
                }),
                "KeysWithoutARouteAskNothing"));
    CHECK(finds(changingEach([](Key key, spi::FallbackReply& reply) {
                    if (key == "row:3") reply.value = "rest";
                }),
                "OnlyFoundKeysHaveBytes"));
}

TEST_CASE("WrongBatchesAreFound") {
    const Defect turned = changing([](std::span<const Key>, Replies& replies) {
        std::reverse(replies.begin(), replies.end());
    });
    CHECK(finds(turned, "BatchesAnswerInOrder"));
    CHECK(finds(turned, "KeysHoldAnyBytes"));
    const Defect cut = changing([](std::span<const Key>, Replies& replies) {
        if (replies.size() > 1000) replies.erase(replies.begin() + 1000, replies.end());
    });
    CHECK(finds(cut, "LargeBatchesAreWhole"));
    const Defect talkative = changing([](std::span<const Key> keys, Replies& replies) {
        if (keys.empty()) replies.emplace_back(spi::FallbackReply{});
    });
    CHECK(finds(talkative, "EmptyBatchesAnswerNothing"));
}

TEST_CASE("WrongErrorsAreFound") {
    CHECK(finds(changing([](std::span<const Key> keys, Replies& replies) {
                    for (std::size_t i = 0; i < keys.size(); ++i)
                        if (keys[i].find('\xff') != Key::npos)
                            replies[i] = Error{ErrorCode::InvalidKey, "odd"};
                }),
                "ErrorsAreOfTheClosedList"));
    CHECK(finds(changing([](std::span<const Key>, Replies&) { throw std::runtime_error("out"); }),
                "KeysWithAValueAreFound"));
}

TEST_CASE("WrongCountsAndCallsAreFound") {
    Defect defect;
    defect.ignoresDeadlines = true;
    CHECK(finds(defect, "APassedDeadlineIsATimeout"));
    defect = {};
    defect.countsEveryCall = true;
    CHECK(finds(defect, "KeysWithoutARouteAskNothing"));
    defect = {};
    defect.countsBackwards = true;
    CHECK(finds(defect, "QueriesOnlyGrow"));
    defect = {};
    defect.cannotPing = true;
    CHECK(finds(defect, "PingAnswers"));
    defect = {};
    defect.sharesItsRows = true;
    CHECK(finds(defect, "StoresStandSideBySide"));
}

TEST_CASE("AnswersThatDependOnTheMomentAreFound") {
    const auto asked = std::make_shared<std::atomic<int>>(0);
    CHECK(finds(changingEach([asked](Key key, spi::FallbackReply& reply) {
                    if (key == "row:1") reply.value = std::to_string(++*asked);
                }),
                "ManyThreadsMayAsk"));
}
