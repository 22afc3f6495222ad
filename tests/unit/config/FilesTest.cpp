#include <doctest/doctest.h>

#include "Loading.h"

namespace oxcache::config {

using oxcache::testing::Folder;
using oxcache::testing::Lines;
using oxcache::testing::Loaded;

namespace {

/// Every key with its value and line, as `key=value@line`.
Lines entries(Loaded& loaded) {
    Lines result;
    for (const Explanation& entry : loaded->explainAll())
        result.push_back(entry.key + '=' + entry.value + '@' + std::to_string(entry.origin.line));
    return result;
}

Lines problemsOf(const std::string& name, const std::string& text) {
    const Folder folder;
    return Loaded(folder.write(name, text)).lines(folder);
}

}  // namespace

TEST_CASE("PropertiesFollowPocosRulesAndKnowTheirLines") {
    const Folder folder;
    Loaded loaded(folder.write("o.properties",
                               "# comment = 1\n"
                               "! another\n"
                               "  oxcache.a = 1  \n"
                               "\n"
                               "oxcache.b : two \\\n"
                               "   parts\n"
                               "oxcache.c=C:\\\\data\\tx\\q\r\n"
                               "oxcache.d = 5 # five\r"
                               "oxcache.e =\n"
                               "oxcache.f = a=b:c\n"
                               "foreign = x\n"
                               "foreign = y\n"
                               "oxcache.g = last"));
    CHECK(entries(loaded) == Lines{"oxcache.a=1@3", "oxcache.b=two    parts@5",
                                   "oxcache.c=C:\\data\txq@7", "oxcache.d=5 # five@8",
                                   "oxcache.e=@9", "oxcache.f=a=b:c@10", "oxcache.g=last@13"});
    CHECK(loaded.problems.empty());
}

TEST_CASE("WrongPropertiesAreReportedWithTheirLine") {
    CHECK(problemsOf("o.properties", "oxcache.a = 1\n\noxcache.a : 2\noxcache.b\n= 3\n") ==
          Lines{"o.properties:3: oxcache.a: given twice, first on line 1; remove one of the two",
                "o.properties:4: oxcache.b: no value; write KEY = VALUE",
                "o.properties:5: no key before the separator; write KEY = VALUE"});
    CHECK(problemsOf("o.properties", std::string("a = 1\nb\0 = 2\n", 13)) ==
          Lines{"o.properties:2: a NUL byte; save the file as UTF-8 text"});
    CHECK(problemsOf("o.properties", "\xEF\xBB\xBFoxcache.a = 1\n") ==
          Lines{"o.properties: begins with a byte order mark; save it as UTF-8 without one"});
}

TEST_CASE("JsonGivesValuesOfEveryKindAndTheirLines") {
    const Folder folder;
    Loaded loaded(folder.write("o.json", R"({
  "oxcache": {"a": 1, "b": "two\nlines",
    "c": true, "d": 0.25,
    "services": {"demo": {"l1": {"ttl": " 5m "}, "l2": {}}},
    "big": 9223372036854775807
  },
  "foreign": [{"a": null}, 3], "x.y": 4
})"));
    CHECK(entries(loaded) == Lines{"oxcache.a=1@2", "oxcache.b=two\nlines@2",
                                   "oxcache.big=9223372036854775807@5", "oxcache.c=true@3",
                                   "oxcache.d=0.25@3", "oxcache.services.demo.l1.ttl=5m@4",
                                   "oxcache.services.demo.l2=@4"});
    CHECK(loaded.problems.empty());
}

TEST_CASE("WhatJsonMayNotHoldIsReportedWithItsLine") {
    CHECK(problemsOf("o.json", R"({"oxcache": {"a": 1,
"b": [1, {"c": [2]}], "c": null,
"a": 2, "x.y": 3, "": 4},
"oxcache": {"z": 1}})") ==
          Lines{"o.json:2: oxcache.b: an array; write the elements as one text with commas between",
                "o.json:2: oxcache.c: null is no value; leave the key out or write a value",
                "o.json:3: oxcache.: a name with a dot or bracket, or an empty one; nest objects "
                "instead",
                "o.json:3: oxcache.a: given twice, first on line 1; remove one of the two",
                "o.json:3: oxcache.x.y: a name with a dot or bracket, or an empty one; nest "
                "objects instead",
                "o.json:4: oxcache: given twice, first on line 1; remove one of the two"});
    CHECK(problemsOf("o.json", R"({"oxcache.a": 1})") ==
          Lines{"o.json:1: oxcache.a: a name with a dot or bracket, or an empty one; nest objects "
                "instead"});
}

TEST_CASE("MalformedJsonNamesThePositionAndNotWhatStandsThere") {
    CHECK(problemsOf("o.json", "{\n  \"oxcache\": {\"a\": 1,\n  \"pw\" \"secret\"}\n}") ==
          Lines{"o.json:3: not valid JSON, column 15: syntax error while parsing object separator "
                "- unexpected string literal, expected ':'; correct it there or just before"});
    CHECK(problemsOf("o.json", "") ==
          Lines{"o.json:1: not valid JSON, column 1: syntax error while parsing value - unexpected "
                "end of input, expected '[', '{', or a literal; correct it there or just before"});
    CHECK(problemsOf("o.json", "[1]") ==
          Lines{"o.json:1: an array; write objects within one object"});
    CHECK(problemsOf("o.json", "5") ==
          Lines{"o.json:1: a single value; write objects within one object"});
    std::string deep;
    for (int i = 0; i < 100'000; ++i) deep += "{\"a\":";
    CHECK(problemsOf("o.json", deep) ==
          Lines{"o.json:1: nested too deep; write objects within one object"});
}

TEST_CASE("XmlGivesValuesAndTheirLines") {
    const Folder folder;
    Loaded loaded(folder.write("o.xml", R"(<?xml version="1.0"?>
<config>
  <oxcache>
    <a>1</a> <b> two &amp;
      lines </b>
    <services><demo><!-- none --><l1><ttl>5m</ttl></l1><l2/></demo></services>
  </oxcache>
  <foreign a="1">x</foreign><foreign/>
</config>)"));
    CHECK(entries(loaded) == Lines{"oxcache.a=1@4", "oxcache.b=two &\n      lines@4",
                                   "oxcache.services.demo.l1.ttl=5m@6",
                                   "oxcache.services.demo.l2=@6"});
    CHECK(loaded.problems.empty());
}

TEST_CASE("WhatXmlMayNotHoldIsReportedWithItsLine") {
    CHECK(problemsOf("o.xml",
                     "<config>\n<oxcache>\n<a>1</a><b x=\"1\">2</b>\n<a>3</a>\n"
                     "<c>text<d>4</d></c><e.f>5</e.f></oxcache></config>") ==
          Lines{"o.xml:3: oxcache.b: an attribute; write an element within this one instead",
                "o.xml:4: oxcache.a: given twice, first on line 3; remove one of the two",
                "o.xml:5: oxcache.c: text beside elements; put it into one of them",
                "o.xml:5: oxcache.e.f: a name with a dot; nest elements instead"});
    CHECK(problemsOf("o.xml", "<oxcache><a>1</a></oxcache>") ==
          Lines{"o.xml:1: the root element is no part of a key; put <config> around <oxcache>"});
}

TEST_CASE("MalformedXmlNamesThePosition") {
    CHECK(problemsOf("o.xml", "<config>\n<oxcache>\n<a>1</b>\n</oxcache></config>") ==
          Lines{"o.xml:3: not valid XML, column 6: Tag mismatch; correct it there or just "
                "before"});
    std::string deep;
    for (int i = 0; i < 100'000; ++i) deep += "<a>";
    CHECK(problemsOf("o.xml", deep) ==
          Lines{"o.xml:1: nested too deep; write fewer elements within another"});
}

TEST_CASE("XmlNeitherFollowsExternalEntitiesNorBlowsUp") {
    const Folder folder;
    const std::string secret = folder.write("secret", "hidden");
    Loaded loaded(folder.write("o.xml", "<!DOCTYPE config [<!ENTITY x SYSTEM \"" + secret +
                                            "\">]>\n<config><oxcache><a>&x;</a></oxcache>"
                                            "</config>"));
    CHECK(loaded.text("oxcache.a").find("hidden") == std::string::npos);
    std::string bomb = "<!DOCTYPE config [<!ENTITY e0 \"0123456789\">";
    for (int i = 1; i < 12; ++i) {
        const std::string inner = "&e" + std::to_string(i - 1) + ";";
        bomb += "<!ENTITY e" + std::to_string(i) + " \"";
        for (int j = 0; j < 10; ++j) bomb += inner;
        bomb += "\">";
    }
    bomb += "]><config><oxcache><a>&e11;</a></oxcache></config>";
    const Lines lines = problemsOf("o.xml", bomb);
    REQUIRE(lines.size() == 1);
    CHECK(lines[0].find("o.xml:1: not valid XML") == 0);
}

TEST_CASE("AFileThatCannotBeUsedIsNamedWithTheReason") {
    const Folder folder;
    CHECK(Loaded(folder.path("none.properties")).lines(folder) ==
          Lines{"none.properties: cannot be read: No such file or directory; correct the path or "
                "the file"});
    std::filesystem::create_directories(folder.path("folder.json"));
    CHECK(Loaded(folder.path("folder.json")).lines(folder) ==
          Lines{"folder.json: cannot be read: Not a regular file; correct the path or the file"});
    CHECK(Loaded(folder.write("oxcache.ini", "")).lines(folder) ==
          Lines{"oxcache.ini: unknown format; name it .properties, .json or .xml"});
    const std::string large = folder.write("large.xml", "");
    std::filesystem::resize_file(large, (16u << 20) + 1);
    CHECK(Loaded(large).lines(folder) ==
          Lines{"large.xml: cannot be read: Larger than 16 MiB; correct the path or the file"});
}

TEST_CASE("WhatAnUnreadableFileMayHoldIsNotReportedAsMissing") {
    const Folder folder;
    Loaded loaded(folder.write("o.json", "{"));
    CHECK_FALSE(loaded->complete());
    loaded->declare("oxcache.", {{.name = "needed", .required = true}});
    loaded.read("oxcache.");
    CHECK(loaded.problems.lines().size() == 1);
}

}  // namespace oxcache::config
