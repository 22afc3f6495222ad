#include <thread>

#include <Poco/Data/RecordSet.h>
#include <Poco/Data/SQLite/Connector.h>
#include <Poco/Data/Session.h>
#include <Poco/ThreadPool.h>

#include "Fixture.h"

// Why the plugin speaks to SQLite itself on Poco's sessions: what is pinned here is wrong in Poco
// 1.11. When a release mends it and these fail, the decision can be looked at again.

using namespace oxcache::testing;
using namespace Poco::Data::Keywords;

namespace {

struct Things {
    Things() : session(open()) {
        session << "CREATE TABLE things(a TEXT, b TEXT, i INT, j JSON)", now;
        session << "INSERT INTO things VALUES('x', 'y', 5000000000, '{}')", now;
    }
    static Poco::Data::Session open() {
        Poco::Data::SQLite::Connector::registerConnector();
        return Poco::Data::Session("SQLite", ":memory:");
    }
    Poco::Data::Session session;
};

}  // namespace

TEST_CASE("PocoBindsByPositionWhateverTheNames") {
    Things things;
    std::string a = "x";
    std::string b = "y";
    int found = -1;
    things.session << "SELECT count(*) FROM things WHERE b = :b AND a = :a", into(found),
        use(a, "a"), use(b, "b"), now;
    CHECK(found == 0);
    things.session << "SELECT count(*) FROM things WHERE b = :b AND a = :a", into(found),
        use(b, "b"), use(a, "a"), now;
    CHECK(found == 1);
}

TEST_CASE("PocoReadsColumnsByTheirDeclaredType") {
    Things things;
    const Poco::Data::RecordSet integers(things.session, "SELECT i FROM things");
    CHECK(integers.value(0, 0).toString() == "705032704");
    CHECK_THROWS_AS(Poco::Data::RecordSet(things.session, "SELECT j FROM things"),
                    Poco::NotFoundException);
}

TEST_CASE("AStoreTakesNoThreadFromPocosPool") {
    Poco::ThreadPool& threads = Poco::ThreadPool::defaultPool();
    // A thread that was given back takes a moment to say so.
    const auto awaitUsed = [&](int count) {
        while (threads.used() != count) std::this_thread::yield();
    };
    Fixture f;
    awaitUsed(0);
    const int before = threads.available();
    {
        const auto one = f.open(f.users());
        const auto two = f.open(f.users());
        awaitUsed(2);
        CHECK(threads.available() == before);
    }
    awaitUsed(0);
    CHECK(threads.available() == before);
}
