#include "oxcache/base/Entry.h"

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "support/CountedValue.h"

using namespace oxcache;
using oxcache::testing::CountedValue;
using oxcache::testing::valueTypeOf;

namespace {

EntryAttributes someAttributes() {
    EntryAttributes attributes;
    attributes.version = {7, 8, 9};
    attributes.createdMs = 100;
    attributes.expiresMs = 200;
    attributes.epoch = 3;
    attributes.expireGeneration = 4;
    return attributes;
}

EntryAttributes negativeAttributes() {
    EntryAttributes attributes = someAttributes();
    attributes.negative = true;
    return attributes;
}

template <class Value>
EntryPtr entryOf(Key key, int number) {
    Value value(number);
    return Entry::ofObject(key, someAttributes(), valueTypeOf<Value>(), &value);
}

template <std::size_t Align>
struct alignas(Align) AlignedValue : CountedValue {
    using CountedValue::CountedValue;
};

/// Where the value lies, and that it is whole, for one alignment and keys of many lengths.
template <std::size_t Align>
void checkAlignment() {
    using Value = AlignedValue<Align>;
    static_assert(alignof(Value) == Align);
    for (std::size_t keySize = 0; keySize < 40; ++keySize) {
        const std::string key(keySize, 'k');
        const EntryPtr entry = entryOf<Value>(key, static_cast<int>(keySize));
        CHECK(reinterpret_cast<std::uintptr_t>(entry->object()) % Align == 0);
        CHECK(static_cast<const Value*>(entry->object())->number == static_cast<int>(keySize));
        CHECK(entry->key() == key);
        CHECK(entry->footprint() >= sizeof(Entry) + keySize + sizeof(Value));
    }
    CHECK(CountedValue::alive == 0);
}

}  // namespace

TEST_CASE("AnEntryOfBytesHoldsThemInline") {
    const std::string value("a\0b", 3);
    const EntryPtr entry = Entry::ofBytes("the key", someAttributes(), value);
    CHECK(entry->isBytes());
    CHECK(entry->type() == nullptr);
    CHECK(entry->key() == "the key");
    CHECK(entry->bytes() == value);
    // Header, epochs, key, value, times, version.
    CHECK(entry->footprint() == sizeof(Entry) + 16 + 8 + 7 + 3 + 20);
    CHECK(entry->key().data() == reinterpret_cast<const char*>(entry.get()) + sizeof(Entry) + 8);
    CHECK(Entry::ofBytes("the key", {}, "abc")->footprint() == sizeof(Entry) + 7 + 3);
}

TEST_CASE("AnEntryKeepsItsAttributes") {
    const EntryPtr entry = Entry::ofBytes("k", someAttributes(), "v");
    const EntryAttributes kept = entry->attributes();
    CHECK(kept.version == Version{7, 8, 9});
    CHECK(entry->version() == Version{7, 8, 9});
    CHECK(kept.createdMs == 100);
    CHECK(kept.expiresMs == 200);
    CHECK(entry->epoch() == 3);
    CHECK(entry->expireGeneration() == 4);
    CHECK_FALSE(entry->negative());
    CHECK_FALSE(entry->stale());
    CHECK_FALSE(kept.stale);
}

TEST_CASE("AnEntryBecomesStaleInPlace") {
    const EntryPtr entry = Entry::ofBytes("k", someAttributes(), "v");
    entry->markStale();
    CHECK(entry->stale());
    CHECK(entry->attributes().stale);
    EntryAttributes attributes = someAttributes();
    attributes.stale = true;
    CHECK(Entry::ofBytes("k", attributes, "v")->stale());
}

TEST_CASE("KeyAndValueMayBeEmpty") {
    const EntryPtr entry = Entry::ofBytes({}, {}, {});
    CHECK(entry->key().empty());
    CHECK(entry->bytes().empty());
}

TEST_CASE("AnEntryTakesTheObjectOver") {
    {
        CountedValue value(42);
        const EntryPtr entry =
            Entry::ofObject("k", someAttributes(), valueTypeOf<CountedValue>(), &value);
        CHECK_FALSE(entry->isBytes());
        CHECK(entry->type() == &valueTypeOf<CountedValue>());
        CHECK(static_cast<const CountedValue*>(entry->object())->number == 42);
        CHECK(value.number == 0);  // moved from
        CHECK(CountedValue::alive == 2);
    }
    CHECK(CountedValue::alive == 0);
}

TEST_CASE("AValueIsAlignedAsItsTypeDemands") {
    checkAlignment<8>();
    checkAlignment<16>();
    checkAlignment<32>();
    checkAlignment<64>();
    checkAlignment<4096>();
}

TEST_CASE("ANegativeEntryHasNoValue") {
    const EntryPtr plain = Entry::ofBytes("k", negativeAttributes(), "ignored");
    CHECK(plain->negative());
    CHECK(plain->bytes().empty());
    const Result<EntryPtr> decoded =
        Entry::decoded("k", negativeAttributes(), valueTypeOf<CountedValue>(), "17", CodecId::Json);
    REQUIRE(decoded.ok());
    CHECK((*decoded)->negative());
    CHECK((*decoded)->isBytes());
    CHECK((*decoded)->bytes().empty());
    CHECK(CountedValue::alive == 0);
}

TEST_CASE("AnEntryWithAnObjectIsNeverNegative") {
    {
        CountedValue value(1);
        const EntryPtr entry =
            Entry::ofObject("k", negativeAttributes(), valueTypeOf<CountedValue>(), &value);
        CHECK_FALSE(entry->negative());
        CHECK_FALSE(entry->attributes().negative);
    }
    CHECK(CountedValue::alive == 0);
}

TEST_CASE("AnEntryDecodesItsValueInPlace") {
    {
        const Result<EntryPtr> entry =
            Entry::decoded("k", someAttributes(), valueTypeOf<CountedValue>(), "17", CodecId::Json);
        REQUIRE(entry.ok());
        CHECK(static_cast<const CountedValue*>((*entry)->object())->number == 17);
        CHECK(CountedValue::alive == 1);
    }
    CHECK(CountedValue::alive == 0);
    const Result<EntryPtr> bytes =
        Entry::decoded("k", someAttributes(), testing::bytesType(), "17", CodecId::Json);
    REQUIRE(bytes.ok());
    CHECK((*bytes)->isBytes());
    CHECK((*bytes)->bytes() == "17");
}

TEST_CASE("BytesThatCannotBeDecodedGiveTheDecodersError") {
    const Result<EntryPtr> entry =
        Entry::decoded("k", someAttributes(), valueTypeOf<CountedValue>(), "", CodecId::Json);
    REQUIRE_FALSE(entry.ok());
    CHECK(entry.error().code == ErrorCode::Undecodable);
    CHECK(entry.error().message == "no number");
    CHECK(CountedValue::alive == 0);
}

TEST_CASE("AnEntryKnowsWhatItHolds") {
    const EntryPtr object = entryOf<CountedValue>("k", 1);
    const EntryPtr bytes = Entry::ofBytes("k", someAttributes(), "v");
    using Other = AlignedValue<64>;
    CHECK(object->holds(valueTypeOf<CountedValue>()));
    CHECK_FALSE(object->holds(valueTypeOf<Other>()));
    CHECK_FALSE(object->holds(testing::bytesType()));
    CHECK(bytes->holds(testing::bytesType()));
    CHECK_FALSE(bytes->holds(valueTypeOf<CountedValue>()));
    // Every shared object of a process has its own constant for a type; they mean the same.
    const ValueType elsewhere = valueTypeOf<CountedValue>();
    CHECK(object->holds(elsewhere));
}

TEST_CASE("TheLastPointerDestroysTheEntryOnce") {
    EntryPtr first = entryOf<CountedValue>("k", 5);
    CHECK(CountedValue::alive == 1);
    EntryPtr second = first;
    EntryPtr third = EntryPtr::share(first.get());
    EntryPtr moved = std::move(second);
    CHECK_FALSE(static_cast<bool>(second));  // NOLINT(bugprone-use-after-move)
    first = EntryPtr();
    third = moved;
    CHECK(CountedValue::alive == 1);
    moved = EntryPtr();
    CHECK(CountedValue::alive == 1);
    const EntryPtr& self = third;
    third = self;
    CHECK(static_cast<const CountedValue*>(third->object())->number == 5);
    const Entry* leaked = third.leak();
    CHECK_FALSE(static_cast<bool>(third));
    CHECK(CountedValue::alive == 1);
    EntryPtr::adopt(leaked);
    CHECK(CountedValue::alive == 0);
}

TEST_CASE("AnEmptyPointerPointsToNothing") {
    const EntryPtr empty;
    EntryPtr copy;
    copy = empty;
    CHECK(copy.get() == nullptr);
    CHECK_FALSE(static_cast<bool>(EntryPtr::share(nullptr)));
    CHECK_FALSE(static_cast<bool>(EntryPtr::adopt(nullptr)));
}
