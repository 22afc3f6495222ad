#include <cmath>
#include <limits>
#include <map>
#include <stdexcept>

#include <doctest/doctest.h>

#include "oxcache/base/Envelope.h"
#include "support/TestService.h"
#include "support/Threads.h"
#include "support/Values.h"

using namespace std::chrono_literals;
using namespace oxcache;
using namespace oxcache::testing;

namespace {

/// Forgets L1's copy.
void dropNear(const TestService& test, const std::string& key) {
    test.service->remove(std::vector<std::string>{key}, Levels::L1);
}

template <class T>
void survives(const T& value) {
    for (const CodecId codec : {CodecId::Json, CodecId::MsgPack, CodecId::Cbor}) {
        const TestService test(with([codec](auto& settings) { settings.serialization = codec; }));
        const Cache cache = test.cache();
        CHECK(cache.set("key", value).status == WriteStatus::Stored);
        CHECK(cache.get<T>("key") == value);
        CHECK(cache.l2().get<T>("key") == value);
        dropNear(test, "key");
        CHECK(cache.get<T>("key") == value);
        CHECK(cache.getOrLoad<T>("loaded", [&] { return value; }) == value);
        CHECK(cache.l2().get<T>("loaded") == value);
    }
}

/// Not to be copied: only handed out as it lies.
struct Unique {
    std::unique_ptr<int> number;
};

/// Its codec knows no bytes for zero, and reads none.
struct Picky {
    int number = 0;
    bool operator==(const Picky&) const = default;
};

/// The codec's bytes are empty.
struct Hollow {
    std::string text = "made by the codec";
    bool operator==(const Hollow&) const = default;
};

}  // namespace

template <>
struct oxcache::Codec<Unique> {
    static std::string encode(const Unique& value) { return std::to_string(*value.number); }
    static std::optional<Unique> decode(const std::string& bytes) {
        return Unique{std::make_unique<int>(std::stoi(bytes))};
    }
};
template <>
struct oxcache::Codec<Picky> {
    static std::vector<std::byte> encode(const Picky& value) {
        if (value.number == 0) throw std::invalid_argument("there is no zero");
        return {std::byte(value.number)};
    }
    static std::optional<Picky> decode(std::span<const std::byte> bytes) {
        if (bytes.size() != 1) return std::nullopt;
        return Picky{std::to_integer<int>(bytes[0])};
    }
};
template <>
struct oxcache::Codec<Hollow> {
    static std::string encode(const Hollow&) { return {}; }
    static Hollow decode(std::string_view) { return {}; }
};

TEST_CASE("ValuesOfEveryKindSurviveBothLevels") {
    survives(User{7, "ann \"quoted\" \u00e4\u20ac"});
    survives(std::string("any \0 bytes \xff", 13));
    survives(std::string());
    survives(std::vector<std::byte>{std::byte(0), std::byte(255)});
    survives(true);
    survives(false);
    survives('x');
    survives(std::int8_t(-128));
    survives(std::uint8_t(255));
    survives(std::numeric_limits<std::int64_t>::min());
    survives(std::numeric_limits<std::uint64_t>::max());
    survives(0.1);
    survives(1.0F / 3.0F);
    survives(std::numeric_limits<double>::denorm_min());
    survives(-std::numeric_limits<double>::infinity());
    survives(std::vector<User>{{1, "a"}, {2, "b"}});
    survives(std::map<std::string, int>{{"a", 1}});
    survives(nlohmann::json{{"free", {1, 2, nullptr}}});
    survives(Picky{5});
    survives(Hollow{});
}

TEST_CASE("TextIsStoredAsAString") {
    const TestService test;
    const Cache cache = test.cache();
    cache.set("literal", "text");
    cache.set("view", std::string_view("text"));
    const char* pointer = "text";
    cache.l2().set("pointer", pointer);
    for (const char* key : {"literal", "view", "pointer"})
        CHECK(cache.get<std::string>(key) == "text");
}

TEST_CASE("AMoveOnlyValueIsHandedOutInPlace") {
    const TestService test;
    const Cache cache = test.cache();
    cache.set("key", Unique{std::make_unique<int>(5)});
    CHECK(*cache.getShared<Unique>("key")->number == 5);
    dropNear(test, "key");
    int seen = 0;
    CHECK(cache.visit<Unique>("key", [&](const Unique& value) { seen = *value.number; }));
    CHECK(seen == 5);
    const std::shared_ptr<const Unique> shared = cache.getShared<Unique>("key");
    CHECK(*shared->number == 5);
}

TEST_CASE("AnEntryOfAnotherTypeIsDecodedFromL2") {
    const TestService test;
    const Cache cache = test.cache();
    cache.set("key", 42);
    CHECK(cache.get<std::string>("key") == "42");
    CHECK(cache.lookup<long>("key").value == 42);
    CHECK(cache.stats().typeMismatches == 0);
}

TEST_CASE("AnEntryThatIsNoSuchValueIsAMissWithTypeMismatchCountedOnce") {
    const TestService test;
    const Cache cache = test.cache();
    cache.set("near", User{1, "ann"});
    cache.l2().set("far", User{2, "bob"});
    for (const char* key : {"near", "far"}) {
        const auto before = cache.stats();
        const Lookup<int> lookup = cache.lookup<int>(key);
        CHECK(lookup.outcome == Outcome::Miss);
        CHECK(lookup.error.code == ErrorCode::TypeMismatch);
        CHECK_FALSE(lookup.value);
        CHECK(cache.get<int>(key) == std::nullopt);
        CHECK_FALSE(cache.getShared<int>(key));
        CHECK(cache.stats().typeMismatches == before.typeMismatches + 3);
        CHECK(cache.stats().misses == before.misses + 3);
        // Whoever asks for the right type finds it still.
        CHECK(cache.get<User>(key).has_value());
        CHECK(cache.exists(key));
    }
}

TEST_CASE("AnEntryOfAnotherTypeWhereL1IsAloneIsAMiss") {
    const TestService test(onlyL1());
    const Cache cache = test.cache();
    cache.set("key", User{1, "ann"});
    CHECK(cache.lookup<int>("key").error.code == ErrorCode::TypeMismatch);
    CHECK(cache.stats().typeMismatches == 1);
    CHECK(cache.exists("key"));
    CHECK(cache.l1().exists("key"));
    CHECK(cache.stats().typeMismatches == 1);
    CHECK(cache.getOrLoad<int>("key", [] { return 5; }) == 5);
    CHECK(cache.get<int>("key") == 5);
}

TEST_CASE("ALoadOfAnotherTypeLoadsAndOverwrites") {
    const TestService test;
    const Cache cache = test.cache();
    cache.set("key", User{1, "ann"});
    CHECK(cache.getOrLoad<int>("key", [] { return 5; }) == 5);
    CHECK(cache.stats().typeMismatches == 1);
    CHECK(cache.get<int>("key") == 5);
    CHECK(cache.l2().get<int>("key") == 5);
    CHECK(cache.l2().get<User>("key") == std::nullopt);
}

TEST_CASE("ToAskWhetherSomethingExistsChangesNothing") {
    const TestService test;
    const Cache cache = test.cache();
    Counted::reset();
    cache.set("key", Counted{1});
    cache.l2().set("far", Counted{1});
    CHECK(cache.exists("key"));
    CHECK(cache.exists("far"));
    CHECK(cache.l1().exists("key"));
    CHECK(cache.l2().exists("key"));
    CHECK_FALSE(cache.l1().exists("far"));
    CHECK_FALSE(cache.exists("absent"));
    CHECK(cache.get<Counted>("key")->number == 1);
    CHECK(Counted::decoded == 0);
    CHECK(cache.stats().typeMismatches == 0);
}

TEST_CASE("AHitInL1DecodesNothing") {
    const TestService test;
    const Cache cache = test.cache();
    Counted::reset();
    cache.set("set", Counted{1});
    CHECK(Counted::encoded == 1);
    (void)cache.getOrLoad<Counted>("loaded", [] { return Counted{2}; });
    CHECK(Counted::encoded == 2);
    for (const char* key : {"set", "loaded"}) {
        (void)cache.get<Counted>(key);
        (void)cache.getShared<Counted>(key);
        (void)cache.lookup<Counted>(key);
        (void)cache.getMany<Counted>({key});
        (void)cache.getOrLoad<Counted>(key, [] { return Counted{3}; });
        (void)cache.l1().get<Counted>(key);
        CHECK(cache.visit<Counted>(key, [](const Counted&) {}));
    }
    CHECK(Counted::decoded == 0);
    CHECK(Counted::encoded == 2);
    const TestService near(onlyL1());
    near.cache().set("key", Counted{1});
    CHECK(near.cache().get<Counted>("key")->number == 1);
    CHECK(Counted::encoded == 2);
}

TEST_CASE("OneReadOfManyCallersDecodesOnce") {
    const TestService test;
    const Cache cache = test.cache();
    cache.l2().set("key", Counted{5});
    Counted::reset();
    const auto gate = std::make_shared<CallGate>();
    test.store->gateNext(StoreOperation::Get, gate);
    std::vector<std::unique_ptr<Joined>> callers;
    for (int i = 0; i < 8; ++i)
        callers.push_back(
            std::make_unique<Joined>([&] { CHECK(cache.get<Counted>("key")->number == 5); }));
    gate->awaitArrivals();
    awaitWaiters(*test.clock, 7);
    gate->open();
    callers.clear();
    CHECK(Counted::decoded == 1);
    (void)cache.get<Counted>("key");
    CHECK(Counted::decoded == 1);
}

TEST_CASE("AValueOfTheFallbackIsDecodedOnce") {
    TestPlan plan;
    plan.database = std::make_shared<FakeDatabase>();
    plan.database->put("key", "5", CodecId::Raw);
    const TestService test(plan);
    Counted::reset();
    CHECK(test.cache().get<Counted>("key")->number == 5);
    CHECK(test.cache().get<Counted>("key")->number == 5);
    CHECK(Counted::decoded == 1);
    CHECK(test.cache().l2().get<Counted>("key")->number == 5);
}

TEST_CASE("AnExpiredValueIsDecodedOnceHoweverOftenItIsRead") {
    const TestService test;
    const Cache cache = test.cache();
    cache.set("key", Counted{5});
    cache.expire("key");
    Counted::reset();
    const auto same = [](LoadContext<Counted>& context) {
        CHECK(context.stale()->number == 5);
        return context.notModified();
    };
    CHECK(cache.getOrLoad<Counted>("key", same)->number == 5);
    CHECK(cache.get<Counted>("key")->number == 5);
    CHECK(Counted::decoded == 1);
    CHECK(Counted::encoded == 0);
}

TEST_CASE("AFallbackValueThatIsNoSuchValueIsAMissWithTypeMismatch") {
    TestPlan plan;
    plan.database = std::make_shared<FakeDatabase>();
    plan.database->put("key", "no number", CodecId::Raw);
    const TestService test(plan);
    const Cache cache = test.cache();
    const Lookup<int> lookup = cache.lookup<int>("key");
    CHECK(lookup.outcome == Outcome::Miss);
    CHECK(lookup.error.code == ErrorCode::TypeMismatch);
    CHECK(cache.stats().typeMismatches == 1);
    CHECK_FALSE(cache.l2().exists("key"));
    CHECK(cache.getOrLoad<int>("key", [] { return 4; }) == 4);
}

TEST_CASE("LookupOrLoadNeverThrowsNotEvenWhatCopiesThrow") {
    struct Brittle {
        Brittle() = default;
        Brittle(const Brittle&) { throw std::runtime_error("not to be copied"); }
        Brittle(Brittle&&) noexcept = default;
        int operator()() const { return 1; }
    };
    const TestService test;
    const Brittle loader;
    const Lookup<int> lookup = test.cache().lookupOrLoad<int>("key", loader);
    CHECK(lookup.outcome == Outcome::Error);
    CHECK(lookup.error.code == ErrorCode::LoaderFailed);
    CHECK(lookup.error.message == "not to be copied");
    CHECK(test.cache().lookupOrLoad<int>("key", Brittle{}).value == 1);
}

TEST_CASE("EveryValueHasAVersionAlsoWhereThereIsNoL2") {
    const TestService test(onlyL1());
    const Cache cache = test.cache();
    CHECK(cache.getOrLoad<int>("a", [] { return 1; }) == 1);
    CHECK(cache.getOrLoad<int>("b", [] { return 1; }) == 1);
    CHECK(cache.lookup<int>("a").version != Version{});
    CHECK(cache.lookup<int>("a").version != cache.lookup<int>("b").version);
}

TEST_CASE("AnErrorNamesTheTypeAsItIsWritten") {
    const TestService test;
    const WriteReceipt receipt = test.cache().set("key", Picky{0});
    CHECK(receipt.error.code == ErrorCode::Undecodable);
    CHECK(receipt.error.message.find("Picky: there is no zero") != std::string::npos);
    CHECK(receipt.error.message.find("5Picky") == std::string::npos);
}

TEST_CASE("AViewOfOneLevelTakesOptionsOfAReadToo") {
    for (const TestPlan& plan : {TestPlan{}, onlyL1()}) {
        const TestService test(plan);
        const Cache cache = test.cache();
        cache.set("key", 5);
        cache.expire("key");
        const CacheLevel level = plan.l2 ? cache.l2() : cache.l1();
        CHECK(level.lookup<int>("key").outcome == Outcome::Miss);
        CHECK(level.lookup<int>("key", {.allowStale = true}).outcome == Outcome::Stale);
        CHECK(level.get<int>("key", {.allowStale = true}) == 5);
    }
}

TEST_CASE("AFallbackThatBreaksItsContractIsAnOutage") {
    TestPlan plan;
    plan.database = std::make_shared<FakeDatabase>();
    plan.database->put("key", "5", CodecId::Raw);
    const std::shared_ptr<FakeDatabase> database = plan.database;
    const TestService test(plan);
    const Cache cache = test.cache();
    for (const auto breakNext : {&FakeDatabase::throwNext, &FakeDatabase::shortenNext}) {
        (*database.*breakNext)();
        const Lookup<int> lookup = cache.lookup<int>("key");
        CHECK(lookup.outcome == Outcome::Unavailable);
        CHECK(lookup.error.code == ErrorCode::Unavailable);
        CHECK(cache.health().fallback == 0);
    }
    CHECK(cache.get<int>("key") == 5);
    CHECK(cache.health().fallback == 1);
}

TEST_CASE("UndecodableBytesInL2AreACountedMissThatTheNextLoadOverwrites") {
    const TestService test;
    const Cache cache = test.cache();
    cache.l2().set("sample", std::string("a value of some length"));
    const Bytes sound = *test.backend->at(test.at("sample"));
    const std::int64_t later = test.clock->wallMs() + 3'600'000;
    std::vector<Bytes> broken{"",
                              "x",
                              "garbage that is no envelope at all",
                              Bytes(300, '\0'),
                              sound.substr(0, 50),
                              sound.substr(0, sound.size() - 1),
                              sound + "more",
                              sound.substr(0, envelope::kHeaderSize)};
    for (std::size_t at = 0; at < sound.size(); at += 3) {
        Bytes flipped = sound;
        flipped[at] = static_cast<char>(flipped[at] ^ 0x10);
        broken.push_back(flipped);
    }
    int number = 0;
    for (const Bytes& bytes : broken) {
        const std::string key = "broken" + std::to_string(number++);
        CAPTURE(key);
        test.backend->place(test.at(key), bytes, later);
        const auto before = cache.stats();
        const Lookup<std::string> lookup = cache.lookup<std::string>(key);
        CHECK(lookup.outcome == Outcome::Miss);
        // Empty bytes are how a store says that nothing is there.
        CHECK(cache.stats().undecodable == before.undecodable + (bytes.empty() ? 0 : 1));
        CHECK(cache.stats().misses == before.misses + 1);
        CHECK(cache.getOrLoad<std::string>(key, [] { return std::string("new"); }) == "new");
        CHECK(cache.stats().undecodable == before.undecodable + (bytes.empty() ? 0 : 2));
        CHECK(cache.l1().get<std::string>(key) == "new");
        CHECK(cache.l2().get<std::string>(key) == "new");
    }
    CHECK(cache.stats().typeMismatches == 0);
}

TEST_CASE("AnEnvelopeWhosePayloadIsNoSuchValueIsATypeMismatch") {
    const TestService test;
    const Cache cache = test.cache();
    cache.l2().set("key", std::string("{\"id\":1,"));
    CHECK(cache.lookup<User>("key").error.code == ErrorCode::TypeMismatch);
    CHECK(cache.getOrLoad<User>("key", [] { return User{1, "ann"}; }) == User{1, "ann"});
    CHECK(cache.l2().get<User>("key") == User{1, "ann"});
}

TEST_CASE("AValueThatCannotBeEncodedIsRejectedAndRemovesTheOldOne") {
    const TestService test;
    const Cache cache = test.cache();
    cache.set("key", Picky{1});
    const WriteReceipt receipt = cache.set("key", Picky{0});
    CHECK(receipt.status == WriteStatus::Rejected);
    CHECK(receipt.error.message.find("there is no zero") != std::string::npos);
    CHECK(cache.lookup<Picky>("key").outcome == Outcome::Miss);
    // A load's value goes to its caller and to L1; L2 cannot have it.
    CHECK(cache.getOrLoad<Picky>("loaded", [] { return Picky{0}; }) == Picky{0});
    CHECK(cache.l1().get<Picky>("loaded") == Picky{0});
    CHECK_FALSE(cache.l2().exists("loaded"));
    // The text is no UTF-8, which JSON demands.
    CHECK(cache.set("latin", User{1, "\xe4"}).status == WriteStatus::Rejected);
}

TEST_CASE("AValueWhoseBytesAreEmptyIsAValue") {
    for (const bool l2 : {false, true}) {
        TestPlan plan;
        plan.l2 = l2;
        const TestService test(plan);
        const Cache cache = test.cache();
        cache.set("key", Hollow{"as it was set"});
        CHECK(cache.get<Hollow>("key") == Hollow{"as it was set"});
        cache.expire("key");
        const auto same = [](LoadContext<Hollow>& context) { return context.notModified(); };
        CHECK(cache.getOrLoad<Hollow>("key", same) == Hollow{});
        CHECK(cache.get<Hollow>("key") == Hollow{});
    }
}

TEST_CASE("SharedOutlivesEvictionAndBecomesASharedPointer") {
    const TestService test;
    const Cache cache = test.cache();
    cache.set("user", User{1, "ann"});
    cache.set("text", std::string("some text that is too long for a small string"));
    const Shared<User> user = cache.getShared<User>("user");
    const Shared<std::string> text = cache.getShared<std::string>("text");
    cache.clear();
    CHECK(*user == User{1, "ann"});
    CHECK(user->name == "ann");
    CHECK((*text).size() == 45);
    CHECK(text->substr(0, 4) == "some");
    std::shared_ptr<const User> pointer = user;
    std::shared_ptr<const std::string> copy = text;
    CHECK(pointer->name == "ann");
    CHECK(copy->size() == 45);
    CHECK(static_cast<std::shared_ptr<const User>>(Shared<User>()) == nullptr);
    CHECK(Shared<User>().get() == nullptr);
    CHECK(pointer.get() == user.get());
}
