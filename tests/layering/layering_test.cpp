#include <filesystem>
#include <fstream>
#include <string>

#include <doctest/doctest.h>

#include "layering/Floors.h"
#include "layering/Includes.h"
#include "support/TempFolder.h"

namespace fs = std::filesystem;
using oxcache::layering::judge;
using oxcache::layering::placeOf;
using oxcache::layering::Report;

namespace {

// A tree of made-up sources that lives for one test.
class Tree {
public:
    Tree& file(const std::string& path, const std::string& text) {
        const fs::path file = folder_.file(path);
        fs::create_directories(file.parent_path());
        std::ofstream(file) << text;
        return *this;
    }
    Report judged() const { return judge(folder_.path()); }

private:
    oxcache::testing::TempFolder folder_;
};

// The one violation of a tree in which `from` includes `to`, spelt `name`; empty when there is
// none.
std::string violation(const std::string& from, const std::string& to, const std::string& name) {
    Tree tree;
    tree.file(to, "#pragma once\n").file(from, "\n#include " + name + "\n");
    const Report report = tree.judged();
    CHECK(report.judged == 1);
    CHECK(report.violations.size() <= 1);
    return report.violations.empty() ? std::string() : report.violations.front();
}

}  // namespace

TEST_CASE("EveryIncludeOfThisTreePointsToALowerFloor") {
    const Report report = judge(OXCACHE_SOURCE_ROOT);
    for (const std::string& text : report.violations) FAIL_CHECK(text);
    CHECK(report.judged > 20);
}

TEST_CASE("AnIncludeOfALowerFloorIsAllowed") {
    CHECK(violation("core/src/stages/A.h", "core/src/memory/B.h", "\"memory/B.h\"").empty());
    CHECK(violation("core/include/oxcache/spi/A.h", "core/include/oxcache/base/B.h",
                    "<oxcache/base/B.h>")
              .empty());
    CHECK(violation("core/src/memory/A.cpp", "core/src/memory/A.h", "\"A.h\"").empty());
    CHECK(violation("core/src/runtime/A.cpp", "core/include/oxcache/Cache.h", "<oxcache/Cache.h>")
              .empty());
    CHECK(violation("apps/one/A.cpp", "core/include/oxcache/oxcache.h", "<oxcache/oxcache.h>")
              .empty());
}

TEST_CASE("AnIncludeOfAHigherFloorIsFoundWithItsLine") {
    const std::string text =
        violation("core/src/memory/A.cpp", "core/src/stages/B.h", "\"stages/B.h\"");
    CHECK(
        text.starts_with("core/src/memory/A.cpp:2: core/src/memory (floor 3) includes "
                         "core/src/stages (floor 4)"));
}

TEST_CASE("SiblingsOnOneFloorMayNotIncludeEachOther") {
    CHECK_FALSE(
        violation("core/src/memory/A.cpp", "core/src/config/B.h", "\"config/B.h\"").empty());
    CHECK_FALSE(
        violation("core/src/memory/A.cpp", "core/src/config/B.h", "\"../config/B.h\"").empty());
}

TEST_CASE("APluginSeesOnlyTheLowestFloors") {
    CHECK(violation("plugins/l2/one/A.h", "core/include/oxcache/spi/Plugin.h",
                    "\"oxcache/spi/Plugin.h\"")
              .empty());
    CHECK(violation("plugins/l2/one/A.cpp", "plugins/l2/one/src/B.h", "\"src/B.h\"").empty());
    CHECK_FALSE(violation("plugins/l2/one/A.cpp", "plugins/l2/two/B.h", "\"../two/B.h\"").empty());
    CHECK_FALSE(
        violation("plugins/template/A.cpp", "core/include/oxcache/oxcache.h", "<oxcache/oxcache.h>")
            .empty());
    CHECK_FALSE(violation("plugins/l2/one/A.cpp", "core/src/base/B.h", "\"base/B.h\"").empty());
}

TEST_CASE("ThePipelineSpeaksOfLoadsButNotOfCaches") {
    CHECK(
        violation("core/src/pipeline/A.h", "core/include/oxcache/Loader.h", "\"oxcache/Loader.h\"")
            .empty());
    CHECK_FALSE(
        violation("core/src/pipeline/A.h", "core/include/oxcache/Cache.h", "\"oxcache/Cache.h\"")
            .empty());
    CHECK_FALSE(violation("core/include/oxcache/detail/A.h", "core/include/oxcache/Cache.h",
                          "\"oxcache/Cache.h\"")
                    .empty());
}

TEST_CASE("ThePublicFaceSeesOnlyTheLowestFloors") {
    CHECK(violation("core/include/oxcache/detail/A.h", "core/include/oxcache/base/B.h",
                    "\"oxcache/base/B.h\"")
              .empty());
    CHECK_FALSE(violation("core/include/oxcache/Cache.h", "core/include/oxcache/spi/B.h",
                          "\"oxcache/spi/B.h\"")
                    .empty());
    CHECK_FALSE(
        violation("core/include/oxcache/Cache.h", "core/src/pipeline/B.h", "\"pipeline/B.h\"")
            .empty());
}

TEST_CASE("AppsSeeInstalledHeadersOnlyAndNotEachOther") {
    CHECK_FALSE(violation("apps/one/A.cpp", "apps/two/B.h", "\"../two/B.h\"").empty());
    CHECK_FALSE(violation("apps/one/A.cpp", "core/src/runtime/B.h", "\"runtime/B.h\"").empty());
}

TEST_CASE("AFileInAFolderWithoutRowIsFound") {
    Tree tree;
    tree.file("core/src/elsewhere/A.cpp", "int a;\n");
    REQUIRE(tree.judged().violations.size() == 1);
    CHECK(tree.judged().violations.front().find("no row") != std::string::npos);
}

TEST_CASE("AnIncludeThatLeavesTheHouseIsFound") {
    CHECK_FALSE(
        violation("core/src/memory/A.cpp", "tests/support/B.h", "\"tests/support/B.h\"").empty());
}

TEST_CASE("TheLongestRowNamesAFilesPlace") {
    CHECK(placeOf("core/include/oxcache/A.h")->root == "core/include/oxcache");
    CHECK(placeOf("core/include/oxcache/detail/A.h")->root ==
          placeOf("core/include/oxcache/Loader.h")->root);
    CHECK(placeOf("core/include/oxcache/spi/A.h")->root == "core/include/oxcache/spi");
    CHECK(placeOf("plugins/template/A.cpp")->root == "plugins/template");
    CHECK(placeOf("plugins/template/deep/A.cpp")->root == "plugins/template");
    CHECK(placeOf("plugins/l2/embedded/deep/A.cpp")->root == "plugins/l2/embedded");
    CHECK_FALSE(placeOf("core/A.cpp"));
}
