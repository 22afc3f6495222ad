#include <doctest/doctest.h>

#include "Loading.h"

namespace oxcache::config {

using oxcache::testing::Folder;
using oxcache::testing::Lines;
using oxcache::testing::Loaded;

namespace {

/// A configuration of one file with the variables NAME, EMPTY and TRICKY.
struct References {
    explicit References(const std::string& text) : loaded(source(text)) {}
    Source source(const std::string& text) {
        Source result = Loaded::fromFile(folder.write("o.properties", text));
        result.variables =
            Variables{{"NAME", "value"}, {"EMPTY", ""}, {"TRICKY", "${oxcache.a} ${system.x}"}};
        return result;
    }
    std::string text(const std::string& key) { return loaded.text(key); }
    Lines lines() { return loaded.lines(folder); }

    Folder folder;
    Loaded loaded;
};

}  // namespace

TEST_CASE("ReferencesAreReplacedByWhatTheyReferTo") {
    References made(
        "oxcache.a = <${env:NAME}>\n"
        "oxcache.b = ${oxcache.a}${ env:EMPTY }${oxcache.a}\n"
        "oxcache.c = ${file:secrets/pw}\n"
        "oxcache.d = $${literal} $5 $$ {x} $$${env:NAME}\n"
        "base = /srv\n"
        "oxcache.e = ${base}/x\n");
    made.folder.write("secrets/pw", "p w$ \r\n");
    CHECK(made.text("oxcache.a") == "<value>");
    CHECK(made.text("oxcache.b") == "<value><value>");
    CHECK(made.text("oxcache.c") == "p w$ ");
    CHECK(made.text("oxcache.d") == "${literal} $5 $$ {x} $${env:NAME}");
    CHECK(made.text("oxcache.e") == "/srv/x");
    CHECK(made.lines().empty());
}

TEST_CASE("WhatAVariableOrFileHoldsIsNotExpandedAgain") {
    References made("oxcache.a = 1\noxcache.b = ${env:TRICKY}\noxcache.c = ${file:f}\n");
    made.folder.write("f", "${env:NAME}");
    CHECK(made.text("oxcache.b") == "${oxcache.a} ${system.x}");
    CHECK(made.text("oxcache.c") == "${env:NAME}");
    CHECK(made.lines().empty());
}

TEST_CASE("DefaultsCanBeReferredToAndCanRefer") {
    References made("oxcache.a = ${oxcache.b}!\n");
    made.loaded->declare("oxcache.", {{.name = "b", .defaultValue = "b of ${oxcache.c}"},
                                      {.name = "c", .defaultValue = "c"}});
    CHECK(made.text("oxcache.a") == "b of c!");
}

TEST_CASE("ACircleOfReferencesIsAProblem") {
    References made(
        "oxcache.a = ${oxcache.b}\noxcache.b = x${oxcache.c}\noxcache.c = ${oxcache.a}\n"
        "oxcache.d = ${oxcache.d}\n");
    CHECK(made.text("oxcache.a") == "(unset)");
    CHECK(made.text("oxcache.d") == "(unset)");
    CHECK(made.lines() ==
          Lines{"o.properties:3: oxcache.c: the references go in a circle, oxcache.a -> oxcache.b "
                "-> oxcache.c -> oxcache.a; give one of these keys a value of its own",
                "o.properties:4: oxcache.d: the references go in a circle, oxcache.d -> oxcache.d; "
                "give one of these keys a value of its own"});
}

TEST_CASE("AReferenceThatLeadsNowhereIsReportedWhereItIsWritten") {
    References made(
        "oxcache.a = ${env:NOT_SET}\n"
        "oxcache.b = ${file:nothing}\n"
        "oxcache.c = ${oxcache.x}\n"
        "oxcache.d = ${system.osName}\n"
        "oxcache.e = ${vault:pw}\n"
        "oxcache.f = ${}\n"
        "oxcache.g = ${env: }\n"
        "oxcache.h = ${env:NAME\n"
        "oxcache.i = ${oxcache.a}\n"
        "oxcache.j = ${file:.}\n");
    for (const char* key : {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"})
        CHECK(made.text(std::string("oxcache.") + key) == "(unset)");
    const std::string how = "write ${env:NAME}, ${file:PATH} or ${key}";
    CHECK(
        made.lines() ==
        Lines{"o.properties:1: oxcache.a: ${env:NOT_SET} refers to an environment variable that "
              "is not set; set NOT_SET or refer to another",
              "o.properties:2: oxcache.b: ${file:nothing} cannot be read: nothing: No such file "
              "or directory; create the file or correct the path",
              "o.properties:3: oxcache.c: ${oxcache.x} refers to a key that is not set; set "
              "oxcache.x or correct the name",
              "o.properties:4: oxcache.d: ${system.osName} is a reference that is not expanded "
              "here; " +
                  how,
              "o.properties:5: oxcache.e: ${vault:pw} is a reference that is not expanded here; " +
                  how,
              "o.properties:6: oxcache.f: ${} names nothing; " + how,
              "o.properties:7: oxcache.g: ${env: } names nothing; " + how,
              "o.properties:8: oxcache.h: a reference without its '}'; close it, or write $${ "
              "for the characters themselves",
              "o.properties:10: oxcache.j: ${file:.} cannot be read: : Not a regular file; "
              "create the file or correct the path"});
}

TEST_CASE("ReferencesThatMultiplyComeToAnEnd") {
    std::string text = "oxcache.a0 = 0123456789\noxcache.b0 =\n";
    for (int i = 1; i < 30; ++i)
        for (const char* name : {"a", "b"}) {
            const std::string key = "oxcache." + std::string(name);
            text += key + std::to_string(i) + " = ";
            for (int times = 0; times < 3; ++times)
                text += "${" + key + std::to_string(i - 1) + "}";
            text += '\n';
        }
    References made(text);
    CHECK(made.text("oxcache.a29") == "(unset)");
    CHECK(made.text("oxcache.b29") == "(unset)");
    CHECK(made.lines().size() == 2);
    CHECK(made.lines()[0].find("its references") != std::string::npos);
}

TEST_CASE("SecretsMustBeReferencesInEveryLayer") {
    References made(
        "oxcache.a = hunter2\noxcache.b = ${env:NAME}\noxcache.c = x${env:NAME}\n"
        "oxcache.d = ${oxcache.b}\noxcache.e = ${oxcache.text}\noxcache.text = hunter2\n"
        "oxcache.f = ${env:NAME}${env:NAME}\noxcache.g =\n");
    std::vector<spi::OptionSpec> table;
    for (const char* name : {"a", "b", "c", "d", "e", "f", "g"})
        table.push_back({.name = name, .secret = true});
    made.loaded->declare("oxcache.", table);
    const spi::OptionValues values = made.loaded.read("oxcache.");
    CHECK(values.text("b") == "value");
    CHECK(values.text("d") == "value");
    CHECK(values.text("g").empty());
    const std::string what =
        "a secret may not be written out; write ${env:NAME} or ${file:PATH} and keep it there";
    CHECK(made.lines() ==
          Lines{"o.properties:1: oxcache.a: " + what, "o.properties:3: oxcache.c: " + what,
                "o.properties:5: oxcache.e: " + what, "o.properties:7: oxcache.f: " + what});
    Source source;
    source.settings = {"a=hunter2"};
    source.variables = Variables{{"OXCACHE__B", "hunter2"}};
    Loaded others(source);
    others->declare("oxcache.", table);
    others.read("oxcache.");
    CHECK(others.problems.lines() == Lines{"environment variable OXCACHE__B: oxcache.b: " + what,
                                           "command line: oxcache.a: " + what});
}

TEST_CASE("SecretsAreNeverShown") {
    References made(
        "oxcache.a = hunter2\n"
        "oxcache.b = ${env:NAME}\n"
        "oxcache.c = see ${oxcache.a} and ${oxcache.b} and ${oxcache.plain}\n"
        "oxcache.plain = open\n"
        "oxcache.uri = redis://user:p:w@host:1,redis://:pw@other:2/0?x=a@b\n"
        "oxcache.harmless = redis://host:6379/0\n"
        "oxcache.dsn = host=h PassWord=hunter2 user=u\n"
        "oxcache.number = ${env:NAME}\n");
    made.loaded->declare("oxcache.", {{.name = "a", .secret = true},
                                      {.name = "b", .secret = true},
                                      {.name = "number", .type = spi::OptionType::Integer}});
    const auto shown = [&](const std::string& key) { return made.loaded->explain(key)->value; };
    CHECK(shown("oxcache.a") == "***");
    CHECK(shown("oxcache.b") == "${env:NAME}");
    CHECK(shown("oxcache.c") == "see ${oxcache.a} and ${oxcache.b} and open");
    CHECK(shown("oxcache.harmless") == "redis://host:6379/0");
    CHECK(shown("oxcache.dsn") == "host=h PassWord=*** user=u");
    for (const Explanation& entry : made.loaded->explainAll()) {
        CHECK(entry.value.find("hunter2") == std::string::npos);
        CHECK(entry.value.find("pw") == std::string::npos);
        CHECK(entry.value.find("p:w") == std::string::npos);
    }
    made.loaded.read("oxcache.");
    CHECK(made.lines().back() ==
          "o.properties:8: oxcache.number: '${env:NAME}' is not a whole number; write digits only, "
          "such as 100");
}

}  // namespace oxcache::config
