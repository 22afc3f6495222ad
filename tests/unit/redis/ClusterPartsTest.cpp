#include <doctest/doctest.h>

#include "redis-cluster/NodeTable.h"
#include "redis-cluster/RefreshPlan.h"
#include "redis-cluster/SlotHash.h"
#include "redis-cluster/SlotMap.h"

using namespace oxcache;
using namespace oxcache::redis;

namespace {

Reply text(const std::string& value) {
    Reply reply;
    reply.type = Reply::Type::String;
    reply.text = value;
    return reply;
}

Reply number(std::int64_t value) {
    Reply reply;
    reply.type = Reply::Type::Integer;
    reply.integer = value;
    return reply;
}

Reply list(std::vector<Reply> items) {
    Reply reply;
    reply.type = Reply::Type::Array;
    reply.items = std::move(items);
    return reply;
}

Reply range(std::int64_t from, std::int64_t to, const std::string& host, std::int64_t port) {
    return list({number(from), number(to), list({text(host), number(port), text("id")})});
}

Endpoint at(const std::string& host, std::uint16_t port) { return {host, port, {}}; }

const Endpoint kAsked = at("10.0.0.1", 7000);

SlotMap mapOf(std::vector<Reply> ranges) {
    const auto map = SlotMap::parse(list(std::move(ranges)), kAsked);
    REQUIRE(map);
    return *map;
}

SteadyTime ms(int time) { return SteadyTime() + Duration(time); }

}  // namespace

TEST_CASE("SlotsAreThoseOfRedis") {
    // As CLUSTER KEYSLOT answers.
    CHECK(slotOf("") == 0);
    CHECK(slotOf("123456789") == 12739);
    CHECK(slotOf("foo") == 12182);
    CHECK(slotOf("{user1000}.following") == slotOf("user1000"));
    CHECK(slotOf("foo{}{bar}") == slotOf("foo{}{bar}"));
    CHECK(hashedPart("foo{}{bar}") == "foo{}{bar}");
    CHECK(hashedPart("foo{{bar}}zap") == "{bar");
    CHECK(hashedPart("foo{bar}{zap}") == "bar");
    CHECK(hashedPart("foo{bar") == "foo{bar");
}

TEST_CASE("EveryRangeHasATagInIt") {
    for (unsigned range = 0; range < kRanges; ++range)
        CHECK(slotOf("oxcache:{" + rangeTags()[range] + "}:0:x") / kSlotsPerRange == range);
}

TEST_CASE("MapsSayWhoServesWhatAndWhatNobodyServes") {
    const SlotMap map =
        mapOf({range(0, 5460, "a", 1), range(5461, 10922, "b", 2), range(10923, 16382, "a", 1)});
    CHECK(*map.ownerOf(0) == at("a", 1));
    CHECK(*map.ownerOf(5461) == at("b", 2));
    CHECK(*map.ownerOf(16382) == at("a", 1));
    CHECK(map.ownerOf(16383) == nullptr);
    CHECK_FALSE(map.indexOf(16383));
    CHECK(map.covered() == 16383);
    CHECK(map.masters().size() == 2);
}

TEST_CASE("NodesWithoutAnAddressOfTheirOwnAreWhereTheyWereAsked") {
    Reply nobody = range(0, 1, "", 7001);
    nobody.items[2].items[0] = Reply{};
    const SlotMap map = mapOf({nobody, range(2, 3, "", 7002), range(4, 5, "?", 7003),
                               range(6, 7, "c", 0), range(8, 9, "::1", 7004)});
    CHECK(*map.ownerOf(0) == at("10.0.0.1", 7001));
    CHECK(*map.ownerOf(2) == at("10.0.0.1", 7002));
    CHECK(map.ownerOf(4) == nullptr);
    CHECK(map.ownerOf(6) == nullptr);
    CHECK(*map.ownerOf(8) == at("::1", 7004));
    CHECK(map.covered() == 6);
}

TEST_CASE("AddressesInMapsAreMapped") {
    const auto addresses = AddressMap::parse({"a:1=outside:9", "b=door"});
    REQUIRE(addresses);
    const auto map =
        SlotMap::parse(list({range(0, 1, "a", 1), range(2, 3, "b", 2)}), kAsked, *addresses);
    REQUIRE(map);
    CHECK(*map->ownerOf(0) == at("outside", 9));
    CHECK(*map->ownerOf(2) == at("door", 2));
    const auto six = AddressMap::parse({"[fd00::5]=door", "[fd00::6]:1=[::1]:9"});
    REQUIRE(six);
    CHECK(six->reachable(at("fd00::5", 7)) == at("door", 7));
    CHECK(six->reachable(at("fd00::6", 1)) == at("::1", 9));
    CHECK(six->reachable(at("fd00::6", 2)) == at("fd00::6", 2));
    for (const std::string row : {"a", "=b", "a=", "a:1=b", "a=b:1", "a:x=b:1", "a:1=b:70000"})
        CHECK_FALSE_MESSAGE(AddressMap::parse({row}), row);
}

TEST_CASE("StrangeMapsAreErrorsNotCrashes") {
    for (const Reply& strange :
         {text("x"), list({text("x")}), list({list({number(1), number(0), list({})})}),
          list({list({number(0), number(16384), list({text("a"), number(1)})})}),
          list({list({number(-1), number(3), list({text("a"), number(1)})})})})
        CHECK_FALSE(SlotMap::parse(strange, kAsked));
    CHECK(mapOf({}).covered() == 0);
    CHECK(mapOf({list({number(0), number(1), list({})})}).covered() == 0);
    CHECK(mapOf({list({number(0), number(1), list({text("a"), number(70000)})})}).covered() == 0);
}

TEST_CASE("MovedRangesAreThoseWithASlotThatMoved") {
    const SlotMap before = mapOf({range(0, 8191, "a", 1), range(8192, 16383, "b", 2)});
    // The same masters in another order, and one slot of range 3 elsewhere.
    const SlotMap after = mapOf({range(8192, 16383, "b", 2), range(0, 800, "a", 1),
                                 range(801, 801, "b", 2), range(802, 8191, "a", 1)});
    CHECK(after.movedSince(before) == std::vector<unsigned>{3});
    CHECK(before.movedSince(before).empty());
    CHECK(mapOf({}).movedSince(before).size() == kRanges);
}

TEST_CASE("RedirectionsAreTakenApart") {
    const auto moved = Redirection::parse("MOVED 3999 127.0.0.1:6381", kAsked);
    REQUIRE(moved);
    CHECK_FALSE(moved->ask);
    CHECK(moved->slot == 3999);
    CHECK(*moved->target == at("127.0.0.1", 6381));
    const auto ask = Redirection::parse("ASK 16383 ::1:6381", kAsked);
    REQUIRE(ask);
    CHECK(ask->ask);
    CHECK(*ask->target == at("::1", 6381));
    CHECK(*Redirection::parse("MOVED 1 :7005", kAsked)->target == at("10.0.0.1", 7005));
    // 7.0 can add a host name behind the address.
    CHECK(*Redirection::parse("MOVED 1 h:7005 extra", kAsked)->target == at("h", 7005));
    CHECK_FALSE(Redirection::parse("MOVED 1 ?:7005", kAsked)->target);
    CHECK_FALSE(Redirection::parse("MOVED 1 host", kAsked)->target);
    CHECK_FALSE(Redirection::parse("MOVED 1 h:0", kAsked)->target);
    for (const std::string no : {"ERR x", "MOVED", "MOVED x a:1", "MOVED 16384 a:1", "MOVED 1"})
        CHECK_FALSE_MESSAGE(Redirection::parse(no, kAsked), no);
}

TEST_CASE("TheFirstCauseIsFollowedAtOnceAndTheNextAfterAPause") {
    RefreshPlan plan(Duration(60'000), Duration(100));
    CHECK(plan.next() == SteadyTime());
    plan.begin();
    const SlotMap map = mapOf({range(0, 16383, "a", 1)});
    plan.end(&map, ms(1000), 0.5);
    CHECK(plan.next() == ms(61'000));
    plan.want();
    CHECK(plan.next() == ms(1150));
    plan.begin();
    plan.end(&map, ms(1200), 0.0);
    CHECK(plan.next() == ms(55'200));
}

TEST_CASE("AThousandRedirectionsAreOneCause") {
    RefreshPlan plan(Duration(60'000), Duration(100));
    const SlotMap map = mapOf({range(0, 16383, "b", 2)});
    plan.begin();
    plan.end(&map, ms(0), 0.0);
    for (Slot slot = 0; slot < 1000; ++slot) plan.want({slot, at("b", 2)});
    CHECK(plan.next() == ms(100));
    plan.begin();
    CHECK(plan.informed() == std::vector<Endpoint>{at("b", 2)});
    // Those that come while the answer is on its way are settled by it.
    for (Slot slot = 1000; slot < 1050; ++slot) plan.want({slot, at("b", 2)});
    plan.end(&map, ms(200), 0.0);
    CHECK(plan.next() == ms(54'200));
    // One that says otherwise is not.
    plan.begin();
    plan.want({Slot{5}, at("c", 3)});
    plan.end(&map, ms(300), 0.0);
    CHECK(plan.next() == ms(400));
}

TEST_CASE("WhereNobodyAnswersPausesGrow") {
    RefreshPlan plan(Duration(60'000), Duration(100));
    for (const int pause : {200, 400, 800, 800}) {
        plan.begin();
        plan.end(nullptr, ms(0), 0.0);
        CHECK(plan.next() == ms(pause));
    }
}

TEST_CASE("AMasterMakesChangesKnownOnAChannelItServes") {
    const Bytes channel = "oxcache:0:svc:";
    const SlotMap map =
        mapOf({range(0, 8191, "a", 1), range(8192, 16382, "b", 2), range(16383, 16383, "c", 3)});
    for (const Endpoint& node : {at("a", 1), at("b", 2)}) {
        const Outlet outlet = NodeTable::outletAt(channel, map, node);
        CHECK(outlet.command == "SPUBLISH");
        CHECK(outlet.certain);
        CHECK(*map.ownerOf(slotOf(outlet.channel)) == node);
        const auto heard = NodeTable::outletsAt(channel, map, node);
        CHECK(std::find(heard.begin(), heard.end(), outlet) != heard.end());
        for (const Outlet& other : heard)
            if (other.command == "SPUBLISH") CHECK(*map.ownerOf(slotOf(other.channel)) == node);
    }
    // It has no tag's slot.
    CHECK(NodeTable::outletAt(channel, map, at("c", 3)) == Outlet{"PUBLISH", channel, false});
    CHECK(NodeTable::outletsAt(channel, map, at("a", 1)).size() +
              NodeTable::outletsAt(channel, map, at("b", 2)).size() ==
          kRanges + 2);
    CHECK(NodeTable::outletAt("", map, at("a", 1)).channel.empty());
}
