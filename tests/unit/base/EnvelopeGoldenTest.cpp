#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "EnvelopeCases.h"

using namespace oxcache;
using oxcache::testing::fullHeader;
using oxcache::testing::sameHeader;
namespace fs = std::filesystem;

namespace {

struct Golden {
    std::string file;
    EnvelopeHeader header;
    Bytes payload;
};

EnvelopeHeader headerOf(EntryKind kind, CodecId codec) {
    EnvelopeHeader header;
    header.kind = kind;
    header.codec = codec;
    header.createdMs = 1'700'000'000'123;
    header.expiresMs = 1'700'000'300'123;
    header.version = {1'700'000'000'123, 42, 0x1ABCDEF0123456U};
    header.written = {1'700'000'000'120, 41, 0x0FEDCBA9876543U};
    header.generations = {0xDEADBEEF00000001U, 0xCAFEF00D00000003U};
    return header;
}

Bytes everyByte() {
    Bytes bytes;
    for (int byte = 0; byte < 256; ++byte) bytes.push_back(static_cast<char>(byte));
    return bytes;
}

/// What lies in the folder `golden`. Files are never changed, only added: they stand for what older
/// processes have written.
std::vector<Golden> goldens() {
    const auto value = [](CodecId codec) { return headerOf(EntryKind::Value, codec); };
    EnvelopeHeader idle = value(CodecId::Raw);
    idle.idleMs = 90'000;
    return {{"value-raw.bin", value(CodecId::Raw), everyByte()},
            {"value-json.bin", value(CodecId::Json), R"({"id":7,"name":"Ada"})"},
            {"value-msgpack.bin", value(CodecId::MsgPack),
             Bytes("\x82\xA2id\x07\xA4name\xA3"
                   "Ada")},
            {"value-cbor.bin", value(CodecId::Cbor),
             Bytes("\xA2\x62id\x07\x64name\x63"
                   "Ada")},
            {"value-custom.bin", value(CodecId::Custom), "7;Ada"},
            {"value-empty.bin", value(CodecId::Raw), ""},
            {"value-idle.bin", idle, "kept by being read"},
            {"negative.bin", headerOf(EntryKind::Negative, CodecId::Raw), ""},
            {"tombstone.bin", headerOf(EntryKind::Tombstone, CodecId::Raw), ""},
            {"lease.bin", headerOf(EntryKind::Lease, CodecId::Raw), ""},
            {"every-field.bin", fullHeader(), "every byte of every field differs"},
            {"nothing-set.bin", EnvelopeHeader{}, ""}};
}

Bytes contentOf(const fs::path& file) {
    std::ifstream stream(file, std::ios::binary);
    return Bytes(std::istreambuf_iterator<char>(stream), {});
}

}  // namespace

// To add a case, name it above and run this test once with OXCACHE_WRITE_GOLDEN=1: it writes the
// files that are not there and leaves the others alone.
TEST_CASE("EnvelopesAreByteForByteWhatTheyWere") {
    const fs::path folder = OXCACHE_GOLDEN_FOLDER;
    std::set<std::string> known;
    for (const Golden& golden : goldens()) {
        CAPTURE(golden.file);
        known.insert(golden.file);
        const fs::path file = folder / golden.file;
        const Bytes bytes = encodeEnvelope(golden.header, golden.payload);
        if (std::getenv("OXCACHE_WRITE_GOLDEN") != nullptr && !fs::exists(file))
            std::ofstream(file, std::ios::binary) << bytes;
        const Bytes kept = contentOf(file);
        CHECK(kept == bytes);
        const Result<Envelope> decoded = decodeEnvelope(kept);
        REQUIRE(decoded.ok());
        CHECK(sameHeader(decoded->header, golden.header));
        CHECK(decoded->payload == golden.payload);
    }
    for (const auto& entry : fs::directory_iterator(folder))
        CHECK_MESSAGE(known.contains(entry.path().filename().string()),
                      "no case stands for " << entry.path());
}
