#include "oxcache/base/Envelope.h"

#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <xxhash.h>

#include "EnvelopeCases.h"

using namespace oxcache;
using oxcache::testing::fullHeader;
using oxcache::testing::sameHeader;

namespace {

constexpr std::uint64_t kMost53 = (std::uint64_t{1} << 53) - 1;
constexpr std::uint64_t kMost64 = std::numeric_limits<std::uint64_t>::max();

bool isUndecodable(BytesView bytes) {
    const Result<Envelope> decoded = decodeEnvelope(bytes);
    return !decoded && decoded.error().code == ErrorCode::Undecodable &&
           decoded.error().message.starts_with("envelope: ");
}

Bytes randomBytes(std::mt19937_64& random, std::size_t size) {
    Bytes bytes(size, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    return bytes;
}

/// The number in `size` bytes from `offset` on, the least significant first.
std::uint64_t numberAt(BytesView bytes, std::size_t offset, std::size_t size) {
    std::uint64_t number = 0;
    for (std::size_t i = size; i-- > 0;)
        number = number << 8 | static_cast<unsigned char>(bytes[offset + i]);
    return number;
}

void setNumber(Bytes& bytes, std::size_t offset, std::size_t size, std::uint64_t number) {
    for (std::size_t i = 0; i < size; ++i) {
        bytes[offset + i] = static_cast<char>(number & 0xFFU);
        number >>= 8;
    }
}

/// As FORMAT.md says it, apart from the code.
std::uint64_t specifiedChecksum(BytesView bytes) {
    return XXH3_64bits_withSeed(bytes.data() + 112, bytes.size() - 112,
                                XXH3_64bits(bytes.data(), 104));
}

void seal(Bytes& bytes) { setNumber(bytes, 104, 8, specifiedChecksum(bytes)); }

}  // namespace

TEST_CASE("EveryKindAndCodecComesBackAsItWentIn") {
    std::mt19937_64 random(1);
    for (int kind = 0; kind <= 3; ++kind) {
        for (int codec = 0; codec <= 4; ++codec) {
            for (const std::size_t size :
                 {0U, 1U, 8U, 9U, 16U, 17U, 128U, 129U, 240U, 241U, 1024U, 70'000U}) {
                EnvelopeHeader header = fullHeader();
                header.kind = static_cast<EntryKind>(kind);
                header.codec = static_cast<CodecId>(codec);
                header.createdMs = static_cast<std::int64_t>(random());
                header.idleMs = static_cast<std::uint32_t>(random());
                header.version = {random() & kMost53, static_cast<std::uint32_t>(random()),
                                  random() & kMost53};
                const Bytes payload = randomBytes(random, size);
                const Bytes bytes = encodeEnvelope(header, payload);
                CHECK(bytes.size() == envelope::kHeaderSize + size);
                const Result<Envelope> decoded = decodeEnvelope(bytes);
                REQUIRE(decoded.ok());
                CHECK(sameHeader(decoded->header, header));
                CHECK(decoded->payload == payload);
                CHECK(decoded->payload.data() == bytes.data() + envelope::kHeaderSize);
                REQUIRE(peekEnvelope(bytes).has_value());
                CHECK(sameHeader(*peekEnvelope(bytes), header));
            }
        }
    }
}

TEST_CASE("TheLargestAndSmallestFieldsComeBack") {
    EnvelopeHeader most = fullHeader();
    most.createdMs = std::numeric_limits<std::int64_t>::max();
    most.expiresMs = std::numeric_limits<std::int64_t>::max();
    most.idleMs = std::numeric_limits<std::uint32_t>::max();
    most.version = {kMost53, std::numeric_limits<std::uint32_t>::max(), kMost53};
    most.written = most.version;
    most.generations = {kMost64, kMost64};
    EnvelopeHeader least;
    least.createdMs = std::numeric_limits<std::int64_t>::min();
    least.expiresMs = std::numeric_limits<std::int64_t>::min();
    for (const EnvelopeHeader& header : {most, least, EnvelopeHeader{}}) {
        const Bytes bytes = encodeEnvelope(header, "x");
        REQUIRE(decodeEnvelope(bytes).ok());
        CHECK(sameHeader(decodeEnvelope(bytes)->header, header));
    }
}

// Written out again here, so that a field cannot move without a test that says so.
TEST_CASE("EveryFieldLiesAtItsSpecifiedOffset") {
    const Bytes bytes = encodeEnvelope(fullHeader(), "payload");
    REQUIRE(bytes.size() == 119);
    CHECK(bytes.substr(0, 4) == "OXCE");
    CHECK(numberAt(bytes, 4, 1) == 1);  // format
    CHECK(numberAt(bytes, 5, 1) == 2);  // kind: Tombstone
    CHECK(numberAt(bytes, 6, 1) == 3);  // codec: Cbor
    CHECK(numberAt(bytes, 7, 1) == 0);  // flags
    CHECK(numberAt(bytes, 8, 8) == 0x0102030405060708U);
    CHECK(numberAt(bytes, 16, 8) == 0x1112131415161718U);
    CHECK(numberAt(bytes, 24, 8) == 0x0001222324252627U);
    CHECK(numberAt(bytes, 32, 8) == 0x0002333435363738U);
    CHECK(numberAt(bytes, 40, 8) == 0x41424344U);
    CHECK(numberAt(bytes, 48, 8) == 0x0003525354555657U);
    CHECK(numberAt(bytes, 56, 8) == 0x0004636465666768U);
    CHECK(numberAt(bytes, 64, 8) == 0x71727374U);
    CHECK(numberAt(bytes, 72, 8) == 0x8182838485868788U);
    CHECK(numberAt(bytes, 80, 8) == 0x9192939495969798U);
    CHECK(numberAt(bytes, 88, 4) == 0xA1A2A3A4U);
    CHECK(numberAt(bytes, 92, 4) == 0);  // reserved
    CHECK(numberAt(bytes, 96, 8) == 7);
    CHECK(numberAt(bytes, 104, 8) == specifiedChecksum(bytes));
    CHECK(bytes.substr(112) == "payload");
    CHECK(envelope::kKindOffset == 5);
    CHECK(envelope::kVersionOffset == 24);
    CHECK(envelope::kWrittenOffset == 48);
    CHECK(envelope::kStampSize == 24);
    CHECK(envelope::kHeaderSize == 112);
}

TEST_CASE("EverySingleFlippedBitIsUndecodable") {
    for (const std::string& payload :
         {std::string(), std::string("the payload"), std::string(300, 'p')}) {
        const Bytes whole = encodeEnvelope(fullHeader(), payload);
        for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
            Bytes bytes = whole;
            bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
            if (!isUndecodable(bytes)) FAIL_CHECK("bit " << bit << " was not noticed");
            (void)peekEnvelope(bytes);
        }
    }
}

TEST_CASE("EveryTruncationAndExtensionIsUndecodable") {
    const Bytes whole = encodeEnvelope(fullHeader(), std::string(300, 'p'));
    for (std::size_t size = 0; size < whole.size(); ++size) {
        // A copy of exactly this size, so that a read past its end is seen by the sanitizers.
        const std::vector<char> part(whole.begin(), whole.begin() + static_cast<long>(size));
        if (!isUndecodable({part.data(), part.size()}))
            FAIL_CHECK(size << " of " << whole.size() << " bytes were taken for the whole");
        CHECK(peekEnvelope({part.data(), part.size()}).has_value() ==
              (size >= envelope::kHeaderSize));
    }
    CHECK(isUndecodable(whole + '\0'));
    CHECK(isUndecodable(whole + whole));
    CHECK(isUndecodable(BytesView(whole).substr(1)));
}

TEST_CASE("TwoEnvelopesWithSwappedPayloadsAreUndecodable") {
    const Bytes one = encodeEnvelope(fullHeader(), "first");
    EnvelopeHeader other = fullHeader();
    other.version.counter += 1;
    const Bytes two = encodeEnvelope(other, "other");
    CHECK(isUndecodable(one.substr(0, 112) + two.substr(112)));
    CHECK(isUndecodable(two.substr(0, 104) + one.substr(104)));
}

TEST_CASE("RandomBytesAreUndecodable") {
    std::mt19937_64 random(2);
    for (int round = 0; round < 50'000; ++round) {
        Bytes bytes = randomBytes(random, random() % 300);
        if (round % 2 == 0 && bytes.size() > 7) bytes.replace(0, 8, std::string("OXCE\1\0\0\0", 8));
        if (!isUndecodable(bytes)) FAIL_CHECK("round " << round << " was taken for an envelope");
        (void)peekEnvelope(bytes);
    }
}

// A right checksum does not make a stranger's header ours: a later format may use these fields.
TEST_CASE("SealedHeadersWithUnknownValuesAreUndecodable") {
    const Bytes whole = encodeEnvelope(fullHeader(), "payload");
    struct Field {
        const char* name;
        std::size_t offset;
        std::size_t size;
        std::uint64_t value;
    };
    const std::vector<Field> fields{
        {"magic", 0, 4, 0x4543584EU},
        {"format 0", 4, 1, 0},
        {"format 2", 4, 1, 2},
        {"kind", 5, 1, 4},
        {"codec", 6, 1, 5},
        {"flags", 7, 1, 1},
        {"version.ms", 24, 8, kMost53 + 1},
        {"version.origin", 32, 8, kMost53 + 1},
        {"version.counter", 40, 8, std::uint64_t{1} << 32},
        {"written.ms", 48, 8, kMost64},
        {"written.origin", 56, 8, kMost64},
        {"written.counter", 64, 8, kMost64},
        {"reserved", 92, 4, 1},
        {"length below", 96, 8, 6},
        {"length above", 96, 8, kMost64},
    };
    for (const Field& field : fields) {
        CAPTURE(field.name);
        Bytes bytes = whole;
        setNumber(bytes, field.offset, field.size, field.value);
        seal(bytes);
        CHECK(isUndecodable(bytes));
    }
    Bytes untouched = whole;
    seal(untouched);
    CHECK(untouched == whole);
}

TEST_CASE("TheErrorSaysWhatIsWrong") {
    const Bytes whole = encodeEnvelope(fullHeader(), "payload");
    const auto why = [](BytesView bytes) { return decodeEnvelope(bytes).error().message; };
    CHECK(why("abc").find("3 bytes") != std::string::npos);
    CHECK(why(std::string(200, 'x')).find("magic") != std::string::npos);
    CHECK(why(BytesView(whole).substr(0, 115)).find("length 7 stated, 3 there") !=
          std::string::npos);
    Bytes damaged = whole;
    damaged.back() = '?';
    CHECK(why(damaged).find("checksum") != std::string::npos);
}
