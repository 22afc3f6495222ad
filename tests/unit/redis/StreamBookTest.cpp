#include <doctest/doctest.h>

#include "redis-common/StreamBook.h"

using namespace oxcache;
using namespace oxcache::redis;
using std::chrono::milliseconds;

namespace {

constexpr Duration kBeat{1000};
constexpr Duration kReorder{250};
const SteadyTime kStart = SteadyTime(std::chrono::hours(1));

Announcement message(Announcement::Kind kind, std::uint64_t number, std::uint64_t stream = 7) {
    Announcement result;
    result.kind = kind;
    result.stream = stream;
    result.number = number;
    return result;
}
Announcement changes(std::uint64_t number) { return message(Announcement::Kind::Changes, number); }
Announcement beat(std::uint64_t number) { return message(Announcement::Kind::Beat, number); }

struct Book : StreamBook {
    Book() : StreamBook(kBeat, kReorder) { settle(); }
};

}  // namespace

TEST_CASE("MessagesWithoutHolesAreNoGap") {
    Book book;
    for (std::uint64_t number = 1; number <= 100; ++number)
        CHECK_FALSE(book.heard(changes(number), kStart));
    CHECK_FALSE(book.heard(beat(100), kStart));
    CHECK_FALSE(book.tick(kStart + milliseconds(2999)));
}

TEST_CASE("AHoleIsAGapOnceItIsOverdue") {
    Book book;
    book.heard(changes(1), kStart);
    CHECK_FALSE(book.heard(changes(3), kStart));
    CHECK(book.due() == kStart + kReorder);
    CHECK_FALSE(book.tick(kStart + milliseconds(249)));
    CHECK(book.tick(kStart + kReorder));
    CHECK_FALSE(book.tick(kStart + milliseconds(500)));
    CHECK_FALSE(book.heard(changes(4), kStart + milliseconds(600)));
    CHECK_FALSE(book.tick(kStart + milliseconds(2000)));
}

TEST_CASE("AMessageThatWasOnlyLateFillsTheHole") {
    Book book;
    book.heard(changes(1), kStart);
    book.heard(changes(3), kStart);
    book.heard(changes(2), kStart + milliseconds(100));
    CHECK_FALSE(book.tick(kStart + milliseconds(1000)));
}

TEST_CASE("TheLastMessageLostIsNoticedAtTheNextBeat") {
    Book book;
    book.heard(changes(1), kStart);
    CHECK_FALSE(book.heard(beat(2), kStart + kBeat));
    CHECK(book.tick(kStart + kBeat + kReorder));
}

TEST_CASE("SilenceWithoutGoodbyeIsAGap") {
    Book book;
    book.heard(changes(1), kStart);
    CHECK_FALSE(book.tick(kStart + milliseconds(2999)));
    CHECK(book.tick(kStart + 3 * kBeat));
    CHECK_FALSE(book.tick(kStart + 10 * kBeat));
}

TEST_CASE("AGoodbyeEndsAStreamQuietly") {
    Book book;
    book.heard(changes(1), kStart);
    CHECK_FALSE(book.heard(message(Announcement::Kind::Goodbye, 1), kStart));
    CHECK_FALSE(book.tick(kStart + 10 * kBeat));
}

TEST_CASE("AGoodbyeTellsOfWhatWasLostBeforeIt") {
    Book book;
    book.heard(changes(1), kStart);
    CHECK(book.heard(message(Announcement::Kind::Goodbye, 2), kStart));
}

TEST_CASE("AStreamFirstHeardInItsMiddleHasLostMessages") {
    Book book;
    CHECK_FALSE(book.heard(message(Announcement::Kind::Changes, 1, 1), kStart));
    CHECK(book.heard(message(Announcement::Kind::Changes, 2, 2), kStart));
    CHECK(book.heard(message(Announcement::Kind::Beat, 1, 3), kStart));
}

TEST_CASE("BeforeItSettlesAStreamMayBeginInItsMiddle") {
    StreamBook book(kBeat, kReorder);
    CHECK_FALSE(book.heard(beat(5), kStart));
    book.settle();
    CHECK_FALSE(book.heard(changes(6), kStart));
    book.heard(changes(8), kStart);
    CHECK(book.tick(kStart + kReorder));
}

TEST_CASE("MessagesWithoutNumberOnlyShowThatTheStreamLives") {
    Book book;
    CHECK_FALSE(book.heard(changes(0), kStart));
    CHECK_FALSE(book.heard(changes(1), kStart + milliseconds(2000)));
    CHECK_FALSE(book.tick(kStart + milliseconds(4000)));
}

TEST_CASE("AnAnnouncementSurvivesItsEncoding") {
    Bytes out;
    CommandWriter writer(out);
    const Bytes zero("a\0b", 3);
    const std::vector<spi::KeyChange> told = {{zero, {11, 12, 13}}, {"", {14, 15, 16}}};
    const std::size_t number = addAnnouncement(writer, Announcement::Kind::Changes, 99, told);
    out[number] = 5;
    const std::size_t begin = out.find('\n') + 1;
    const BytesView bytes = BytesView(out).substr(begin, out.size() - begin - 2);
    const auto decoded = Announcement::decode(bytes);
    REQUIRE(decoded);
    CHECK(decoded->stream == 99);
    CHECK(decoded->number == 5);
    REQUIRE(decoded->changes.size() == 2);
    CHECK(decoded->changes[0].key == zero);
    CHECK((decoded->changes[0].version == told[0].version));
    CHECK((decoded->changes[1].version == told[1].version));
    for (std::size_t size = 0; size < bytes.size(); ++size)
        CHECK_FALSE(Announcement::decode(bytes.substr(0, size)));
}

TEST_CASE("AMessageThatFollowsNoFormatIsNotRead") {
    Bytes out;
    CommandWriter writer(out);
    const std::size_t number = addAnnouncement(writer, Announcement::Kind::Beat, 99, {});
    const std::size_t begin = out.find('\n') + 1;
    const auto changed = [&](std::size_t at, char byte) {
        Bytes bytes = out.substr(begin, out.size() - begin - 2);
        bytes[at] = byte;
        return Announcement::decode(bytes).has_value();
    };
    const std::size_t lastOfNumber = number - begin + 7;
    CHECK(changed(0, 'O'));
    CHECK_FALSE(changed(0, 'o'));
    CHECK_FALSE(changed(3, 2));
    CHECK_FALSE(changed(4, 3));
    for (std::size_t zero = 5; zero <= 7; ++zero) CHECK_FALSE(changed(zero, 1));
    CHECK(changed(lastOfNumber, 0x3f));
    CHECK_FALSE(changed(lastOfNumber, 0x41));
    CHECK_FALSE(changed(24, 1));
}
