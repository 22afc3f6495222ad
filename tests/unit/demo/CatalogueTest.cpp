#include "Catalogue.h"

#include <filesystem>

#include <Poco/Exception.h>

#include "InputFiles.h"
#include "SqliteFile.h"

using namespace oxcache::demo;

namespace {

constexpr const char* kTwo =
    "Package: zsh\nVersion: 5\nInstalled-Size: 3\nDescription: shell\n\n"
    "Package: bash\nVersion: 4\nDescription: it's 100% \xc3\xa4\n more\n";

std::string versionOf(const std::string& database, const std::string& name) {
    SqliteFile file(database, SqliteFile::Mode::Read);
    SqliteStatement select(file, "SELECT version FROM packages WHERE name = ?");
    select.bind(1, name);
    return select.step() ? std::string(select.text(0)) : "none";
}

}  // namespace

TEST_CASE("TheDatabaseHoldsARowPerPackage") {
    const InputFiles folder;
    const std::string database = folder.path("packages.db");
    const CatalogueState state = buildCatalogue(folder.file("status", kTwo), database);
    CHECK(state.built);
    CHECK(state.packages == 2);
    CHECK(packageNames(database) == std::vector<std::string>{"bash", "zsh"});
    CHECK(versionOf(database, "zsh") == "5");
    SqliteFile file(database, SqliteFile::Mode::Read);
    SqliteStatement row(file,
                        "SELECT installed_size, summary, description, typeof(installed_size) "
                        "FROM packages ORDER BY name");
    REQUIRE(row.step());
    CHECK(row.number(0) == 0);
    CHECK(row.text(1) == "it's 100% \xc3\xa4");
    CHECK(row.text(2) == "more");
    REQUIRE(row.step());
    CHECK(row.number(0) == 3);
    CHECK(row.text(3) == "integer");
}

TEST_CASE("AnUnchangedCatalogueIsNotReadAgain") {
    const InputFiles folder;
    const std::string database = folder.path("packages.db");
    const std::string input = folder.file("status", kTwo);
    CHECK(buildCatalogue(input, database).built);
    const CatalogueState again = buildCatalogue(input, database);
    CHECK_FALSE(again.built);
    CHECK(again.packages == 2);
}

TEST_CASE("AChangedCatalogueReplacesTheDatabase") {
    const InputFiles folder;
    const std::string database = folder.path("packages.db");
    buildCatalogue(folder.file("status", kTwo), database);
    const CatalogueState state = buildCatalogue(
        folder.file("status", "Package: zsh\nVersion: 6\n\nPackage: zsh\nVersion: 7\n"), database);
    CHECK(state.built);
    CHECK(state.packages == 1);
    CHECK(versionOf(database, "bash") == "none");
    CHECK(versionOf(database, "zsh") == "7");
    CHECK(folder.count() == 2);
}

TEST_CASE("ADamagedDatabaseIsBuiltAnew") {
    const InputFiles folder;
    const std::string database = folder.file("packages.db", "this is no database, by far");
    CHECK(buildCatalogue(folder.file("status", kTwo), database).built);
    CHECK(versionOf(database, "zsh") == "5");
}

TEST_CASE("AMalformedCatalogueLeavesTheOldDatabaseInPlace") {
    const InputFiles folder;
    const std::string database = folder.path("packages.db");
    buildCatalogue(folder.file("status", kTwo), database);
    const std::string bad = folder.file("bad", "Package: a\n\nVersion: 1\n");
    CHECK(problemOf([&] { buildCatalogue(bad, database); }) ==
          bad + ":3: the paragraph has no field Package; add one");
    CHECK(versionOf(database, "zsh") == "5");
    CHECK(folder.count() == 3);
}

TEST_CASE("ACatalogueThatIsNotThereOrEmptyIsNamed") {
    const InputFiles folder;
    const std::string absent = folder.path("absent");
    const std::string database = folder.path("packages.db");
    CHECK(problemOf([&] { buildCatalogue(absent, database); }).find(absent + ": is no file") == 0);
    CHECK(problemOf([&] { buildCatalogue(folder.path(""), database); }).find("is no file") !=
          std::string::npos);
    const std::string empty = folder.file("empty", "");
    CHECK(problemOf([&] { buildCatalogue(empty, database); }).find(empty + ": holds no package") ==
          0);
    CHECK_FALSE(std::filesystem::exists(database));
}

TEST_CASE("AFolderThatCannotBeWrittenIsNamed") {
    const InputFiles folder;
    const std::string input = folder.file("status", kTwo);
    const std::string nowhere = folder.path("no/such/packages.db");
    CHECK(problemOf([&] { buildCatalogue(input, nowhere); }).find("cannot be opened") !=
          std::string::npos);
}
