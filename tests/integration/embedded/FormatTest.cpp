#include <doctest/doctest.h>

#include <fstream>

#include "EmbeddedRig.h"
#include "l2/embedded/Schema.h"

using namespace oxcache;
using namespace oxcache::testing;

namespace {

std::string contentOf(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    REQUIRE_MESSAGE(file.good(), path);
    return {std::istreambuf_iterator<char>(file), {}};
}

struct GoldenFile : EmbeddedRig {
    GoldenFile() {
        SystemClock real;
        embedded::Database database(settings.path, real, Duration(1000));
        database.run(contentOf(OXCACHE_GOLDEN_FOLDER "/v1.sql").c_str());
    }
};

EnvelopeHeader headerOf(const Bytes& bytes) {
    const auto envelope = decodeEnvelope(bytes);
    REQUIRE_MESSAGE(envelope.ok(), envelope.error().message);
    return envelope.value().header;
}

}  // namespace

TEST_CASE("AFileOfVersionOneIsRead") {
    GoldenFile golden;
    const auto store = golden.store();
    const Bytes value = golden.bytesAt(*store, "demo:value");
    const EnvelopeHeader header = headerOf(value);
    CHECK((header.kind == EntryKind::Value));
    CHECK((header.codec == CodecId::Json));
    CHECK((header.version == Version{1700000001000, 1, 77}));
    CHECK((header.written == Version{1700000000500, 1, 76}));
    CHECK(header.expiresMs == 4000000000000);
    CHECK(header.generations.remove == 11);
    CHECK(decodeEnvelope(value).value().payload == R"({"id":1,"name":"bash"})");
    CHECK((headerOf(golden.bytesAt(*store, "demo:negative")).kind == EntryKind::Negative));
    CHECK((headerOf(golden.bytesAt(*store, "demo:removed")).kind == EntryKind::Tombstone));
    CHECK((headerOf(golden.bytesAt(*store, "demo:leased")).kind == EntryKind::Lease));
    const Bytes odd = golden.bytesAt(*store, Key("demo:\0\xff", 7));
    CHECK(decodeEnvelope(odd).value().payload == BytesView("\0\1\2", 3));
    CHECK(golden.counterOf(*store, "recreated") == 0);
}

TEST_CASE("AFileOfVersionOneIsWrittenOn") {
    GoldenFile golden;
    SystemClock real;
    embedded::StoreFile file(golden.settings, real, golden.book.log());
    embedded::ChangeReader changes(file.open(Deadline::never()));
    const auto store = golden.store();
    const Bytes fill = golden.value("fill");
    const spi::Put put{"demo:leased",          spi::PutMode::FillIfUnchanged,     fill,
                       {1700000001000, 5, 77}, golden.clock.wallMs() + 3'600'000, true};
    const auto outcome = store->put({&put, 1}, golden.soon())[0];
    REQUIRE(outcome.ok());
    CHECK((outcome.value() == spi::PutOutcome::Stored));
    CHECK(golden.bytesAt(*store, "demo:leased") == fill);
    const auto batch = changes.next();
    REQUIRE(batch.changes.size() == 1);
    CHECK(batch.changes[0].key == "demo:leased");
    CHECK_FALSE(batch.gap);
    CHECK(golden.counterOf(*store, "recreated") == 0);
}

TEST_CASE("AFileWrittenTodayHasTheFormatOfVersionOne") {
    EmbeddedRig rig;
    CHECK(rig.stored(*rig.store(), "k", rig.value("v")));
    SystemClock real;
    embedded::Database database(rig.settings.path, real, Duration(1000));
    CHECK(database.number("PRAGMA application_id") == 1331184433);
    CHECK(database.number("PRAGMA user_version") == 1);
    CHECK(database.number("PRAGMA page_size") == 4096);
    CHECK(database.number("PRAGMA auto_vacuum") == 2);
    CHECK(database.number("SELECT length(head) FROM entries") == 112);
    CHECK(database.number("SELECT length(body) FROM entries") == 1);
}

TEST_CASE("FormatMdStatesTheSchema") {
    const std::string text = contentOf(OXCACHE_PLUGIN_FOLDER "/FORMAT.md");
    CHECK(text.find(std::string("```sql\n") + embedded::kSchema + "```") != std::string::npos);
}

TEST_CASE("ReadmeStatesEveryOptionWithItsDefault") {
    const std::string text = contentOf(OXCACHE_PLUGIN_FOLDER "/README.md");
    for (const spi::OptionSpec& option : embedded::Settings::table()) {
        const std::string row = "| `" + option.name + "` | " +
                                (option.required ? "required" : "`" + option.defaultValue + "`") +
                                " |";
        CHECK_MESSAGE(text.find(row) != std::string::npos, row);
    }
}
