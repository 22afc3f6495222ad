#include "DemoProgram.h"

using namespace oxcache::demo;

namespace {

const std::string kInput = " --input '" OXCACHE_FIXTURE "'";

// The program refuses to begin, and says why on standard error only.
void refused(const DemoProgram& demo, const std::string& arguments, const std::string& why) {
    const Ended ended = demo.run(arguments);
    CAPTURE(arguments);
    CHECK(ended.status == 2);
    CHECK(ended.out.empty());
    CHECK(contains(ended.err, why));
}

}  // namespace

TEST_CASE("WrongUsageIsRefusedWithStatusTwo") {
    const DemoProgram demo;
    refused(demo, "--no-such-option", "no-such-option");
    refused(demo, "--requests", "requests");
    refused(demo, "--requests=none", "--requests: 'none' is no number");
    refused(demo, "fetch bash", "'fetch' is no command");
    refused(demo, "get", "which key?");
    refused(demo, "--db app.db", "--db needs --match");
    refused(demo, "--db absent.db --match '{}' --query 'SELECT 1' get x", "absent.db is no file");
}

TEST_CASE("HelpAndVersionAreShown") {
    const DemoProgram demo;
    const Ended help = demo.run("--help");
    CHECK(help.status == 0);
    for (const char* option :
         {"--input", "--state", "--db", "--match", "--query", "--keys", "--requests", "--threads",
          "--zipf", "--seed", "--service", "--config", "--env", "--set", "--json"})
        CHECK(contains(help.out, option));
    const Ended version = demo.run("--version");
    CHECK(version.status == 0);
    CHECK(version.out.rfind("oxcache-demo 0.", 0) == 0);
}

TEST_CASE("InputThatCannotBeReadIsNamed") {
    const DemoProgram demo;
    refused(demo, "--input absent", "absent: is no file");
    demo.file("bad", "Package: a\nVersion 1\n");
    refused(demo, "--input bad", "bad:2: no field");
    refused(demo, "--keys absent" + kInput, "absent: cannot be opened");
    demo.file("blocked", "");
    refused(demo, "--state blocked/state" + kInput, "blocked/state");
}

TEST_CASE("AConfigurationThatCannotBeUsedIsNamedByFileAndLine") {
    const DemoProgram demo;
    demo.file("bad.properties",
              "oxcache.services.demo.cache_type = two-level\n"
              "oxcache.services.demo.l1.max_capacitie = 5\n"
              "oxcache.services.demo.ttl = soon\n");
    const Ended ended = demo.run("--config bad.properties --requests 1" + kInput);
    CHECK(ended.status == 2);
    CHECK(contains(ended.err, "bad.properties:2: oxcache.services.demo.l1.max_capacitie:"));
    CHECK(contains(ended.err, "max_capacity"));
    CHECK(contains(ended.err, "bad.properties:3: oxcache.services.demo.ttl:"));
    refused(demo, "--config absent.properties get a" + kInput, "absent.properties");
    refused(demo, "--config . get a" + kInput, ".: ");
    refused(demo, "--set oxcache.services.demo.l1.max_capacitie=5 get a" + kInput, "max_capacity");
    refused(demo, "--set oxcache.services.demo.l2.plugin=none get a" + kInput, "none");
}

TEST_CASE("WhatAPluginFindsIsNamedInTheSameRunAsWrongValuesBesideIt") {
    const DemoProgram demo;
    demo.file("bad.properties",
              "oxcache.global.default_ttl = never\n"
              "oxcache.services.demo.ttl = soon\n"
              "oxcache.services.demo.coherence = tracking\n"
              "oxcache.services.demo.l2.plugin = embedded\n"
              "oxcache.services.demo.l2.path = l2.db\n"
              "oxcache.services.demo.l2.max_bytes = much\n"
              "oxcache.services.demo.fallback.plugin = sqlite\n"
              "oxcache.services.demo.fallback.sessions = many\n"
              "oxcache.services.demo.fallback.path = absent.db\n"
              "oxcache.services.demo.fallback.routes.one.match = {\n"
              "oxcache.services.demo.fallback.routes.one.query = SELECT 1\n");
    const Ended ended = demo.run("--config bad.properties get a" + kInput);
    CHECK(ended.status == 2);
    for (const char* line :
         {":1: oxcache.global.default_ttl: ", ":2: oxcache.services.demo.ttl: ",
          ":3: oxcache.services.demo.coherence: ", ":6: oxcache.services.demo.l2.max_bytes: ",
          ":8: oxcache.services.demo.fallback.sessions: ",
          ":9: oxcache.services.demo.fallback.path: ",
          ":10: oxcache.services.demo.fallback.routes.one.match: "})
        CHECK(contains(ended.err, std::string("bad.properties") + line));
}

TEST_CASE("WhatCannotBeWrittenIsAFailure") {
    const DemoProgram demo;
    const Ended ended = demo.run("--version >/dev/null; '" OXCACHE_DEMO_PATH "' --json get alpha" +
                                 kInput + " >/dev/full 2>/dev/null; echo $?");
    CHECK(ended.out == "1\n");
}

TEST_CASE("AServiceThatIsNotConfiguredIsNamedWithThoseThatAre") {
    const DemoProgram demo;
    demo.file("two.properties",
              "oxcache.services.one.cache_type = l1\n"
              "oxcache.services.two.cache_type = l1\n");
    refused(demo, "--config two.properties get a" + kInput, "one, two");
    refused(demo, "--config two.properties --service three get a" + kInput, "three");
    CHECK(demo.run("--config two.properties --service two get alpha" + kInput).status == 0);
}
