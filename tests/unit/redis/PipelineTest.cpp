#include <deque>

#include <doctest/doctest.h>

#include "redis-common/Pipeline.h"

using namespace oxcache;
using namespace oxcache::redis;

namespace {

struct TestCall : Call {
    explicit TestCall(Bytes bytes, std::size_t count = 1, bool write = false) {
        request = std::move(bytes);
        commands = count;
        writes = write;
    }
};

Reply status(const char* text) {
    Reply reply;
    reply.type = Reply::Type::Status;
    reply.text = text;
    return reply;
}

Bytes sent(Pipeline& pipeline) {
    Bytes out;
    pipeline.takePending(out);
    return out;
}

}  // namespace

TEST_CASE("CallsThatGatherLeaveInOneWriteAndAreAnsweredInOrder") {
    Pipeline pipeline(100, 1000);
    TestCall a("A"), b("BB", 2), c("C");
    for (Call* call : {static_cast<Call*>(&a), static_cast<Call*>(&b), static_cast<Call*>(&c)})
        pipeline.append(*call);
    CHECK(sent(pipeline) == "ABBC");
    std::vector<Call*> finished;
    std::vector<Reply> replies = {status("a"), status("b1")};
    CHECK(pipeline.deliver(replies, finished));
    CHECK(finished == std::vector<Call*>{&a});
    replies = {status("b2"), status("c")};
    CHECK(pipeline.deliver(replies, finished));
    CHECK(finished == std::vector<Call*>{&a, &b, &c});
    CHECK(b.replies[1].text == "b2");
    CHECK(c.replies[0].text == "c");
    CHECK(pipeline.empty());
}

TEST_CASE("AnAbandonedCallKeepsItsPlaceUntilItsReplyIsHere") {
    Pipeline pipeline(100, 1000);
    TestCall late("A"), next("B");
    pipeline.append(late);
    pipeline.append(next);
    sent(pipeline);
    CHECK_FALSE(pipeline.abandon(late));
    std::vector<Call*> finished;
    std::vector<Reply> replies = {status("late"), status("next")};
    CHECK(pipeline.deliver(replies, finished));
    CHECK(finished == std::vector<Call*>{&next});
    CHECK(next.replies[0].text == "next");
    CHECK(late.replies.empty());
}

TEST_CASE("ACallAbandonedBeforeItWasSentIsNeverSent") {
    Pipeline pipeline(100, 1000);
    TestCall first("A"), gone("GONE"), last("B");
    pipeline.append(first);
    pipeline.append(gone);
    pipeline.append(last);
    CHECK(pipeline.abandon(gone));
    CHECK(sent(pipeline) == "AB");
    CHECK(pipeline.commands() == 2);
}

TEST_CASE("AReplyThatNothingAskedForIsTold") {
    Pipeline pipeline(100, 1000);
    std::vector<Call*> finished;
    std::vector<Reply> replies = {status("what")};
    CHECK_FALSE(pipeline.deliver(replies, finished));
    TestCall unsent("A");
    pipeline.append(unsent);
    replies = {status("what")};
    CHECK_FALSE(pipeline.deliver(replies, finished));
}

TEST_CASE("ALostConnectionTellsTheSentFromTheUnsent") {
    Pipeline pipeline(100, 1000);
    TestCall left("A", 1, true), waiting("B", 1, true);
    pipeline.append(left);
    sent(pipeline);
    pipeline.append(waiting);
    std::vector<Call*> finished;
    CHECK(pipeline.fail({ErrorCode::Unavailable, "gone"}, finished));
    CHECK((left.end == Call::End::Lost));
    CHECK((waiting.end == Call::End::NotSent));
    CHECK(finished.size() == 2);
    CHECK(pipeline.empty());
    CHECK_FALSE(pipeline.pending());
}

TEST_CASE("OnlyWritesThatWereSentNeedAFence") {
    std::vector<Call*> finished;
    Pipeline reads(100, 1000);
    TestCall read("A");
    reads.append(read);
    sent(reads);
    CHECK_FALSE(reads.fail({}, finished));
    Pipeline abandoned(100, 1000);
    TestCall write("A", 1, true);
    abandoned.append(write);
    sent(abandoned);
    abandoned.abandon(write);
    CHECK(abandoned.fail({}, finished));
}

TEST_CASE("BoundsAreKeptAndALargeCallNeedsHalfTheQueue") {
    Pipeline pipeline(6, 10);
    TestCall large("L", 9), most("M", 6), two("AA", 2), three("BBB", 3);
    CHECK(pipeline.accepts(large));
    pipeline.append(two);
    CHECK(pipeline.accepts(large));
    CHECK(pipeline.accepts(most));
    pipeline.append(two);
    CHECK(pipeline.accepts(two));
    for (const TestCall* call : {&large, &most, &three}) CHECK_FALSE(pipeline.accepts(*call));
}

TEST_CASE("ALargeRequestFitsWhereNoOtherWaitsToBeSent") {
    Pipeline pipeline(6, 10);
    // More bytes than the bound, beside a command that is under way and one that waits.
    TestCall one("A"), large(Bytes(50, 'x')), two("B");
    CHECK(pipeline.accepts(large));
    pipeline.append(one);
    CHECK_FALSE(pipeline.accepts(large));
    sent(pipeline);
    CHECK(pipeline.accepts(large));
    pipeline.append(two);
    CHECK_FALSE(pipeline.accepts(large));
}

TEST_CASE("MessagesAreNumberedInTheOrderInWhichTheyLeave") {
    Pipeline pipeline(100, 1000);
    TestCall a(Bytes(8, '\0')), b(Bytes(8, '\0')), beat(Bytes(8, '\0'));
    for (TestCall* call : {&a, &b, &beat}) call->numbers.push_back(0);
    beat.repeatsNumber = true;
    pipeline.append(b);
    pipeline.append(a);
    pipeline.append(beat);
    const Bytes out = sent(pipeline);
    CHECK(out[0] == 1);
    CHECK(out[8] == 2);
    CHECK(out[16] == 2);
    CHECK(pipeline.lastNumber() == 2);
}

TEST_CASE("ManyCallsGoThroughTheRing") {
    Pipeline pipeline(100'000, 1'000'000);
    std::deque<TestCall> calls;
    for (int i = 0; i < 1000; ++i) calls.emplace_back(std::to_string(i));
    std::vector<Call*> finished;
    std::size_t answered = 0;
    for (std::size_t i = 0; i < calls.size(); ++i) {
        pipeline.append(calls[i]);
        if (i % 3 != 0) continue;
        sent(pipeline);
        std::vector<Reply> replies = {status(std::to_string(answered++).c_str())};
        REQUIRE(pipeline.deliver(replies, finished));
    }
    sent(pipeline);
    while (!pipeline.empty()) {
        std::vector<Reply> replies = {status(std::to_string(answered++).c_str())};
        REQUIRE(pipeline.deliver(replies, finished));
    }
    for (std::size_t i = 0; i < calls.size(); ++i)
        REQUIRE(calls[i].replies.at(0).text == std::to_string(i));
}
