#include "DpkgStatus.h"

#include <sstream>
#include <string>
#include <vector>

#include <Poco/Exception.h>

#include "InputFiles.h"

using namespace oxcache::demo;

namespace {

std::vector<Paragraph> paragraphsOf(const std::string& text) {
    std::istringstream in(text);
    ParagraphReader reader(in, "status");
    std::vector<Paragraph> all;
    for (Paragraph paragraph; reader.next(paragraph);) all.push_back(paragraph);
    return all;
}

std::string parsingProblem(const std::string& text) {
    return problemOf([&] { paragraphsOf(text); });
}

bool startsWith(const std::string& text, const std::string& begin) {
    CAPTURE(text);
    return text.rfind(begin, 0) == 0;
}

}  // namespace

TEST_CASE("ParagraphsArePartedByBlankLines") {
    const auto all = paragraphsOf("\n\nA: 1\nB: 2\n\n \t\n\nA: 3\n\n");
    REQUIRE(all.size() == 2);
    CHECK(all[0].fields.size() == 2);
    CHECK(all[0].line == 3);
    CHECK(all[1].line == 8);
    CHECK(*all[1].find("A") == "3");
}

TEST_CASE("TheLastLineNeedsNoEnd") {
    const auto all = paragraphsOf("A: 1\nB: 2");
    REQUIRE(all.size() == 1);
    CHECK(*all[0].find("B") == "2");
}

TEST_CASE("AnEmptyFileHasNoParagraph") {
    CHECK(paragraphsOf("").empty());
    CHECK(paragraphsOf("\n \n").empty());
}

TEST_CASE("LineEndsOfWindowsAreTaken") {
    const auto all = paragraphsOf("A: 1\r\n x\r\n\r\nA: 2\r\n");
    REQUIRE(all.size() == 2);
    CHECK(*all[0].find("A") == "1\nx");
}

TEST_CASE("ContinuationLinesJoinTheFieldAbove") {
    const auto all = paragraphsOf("A: 1\n two\n\tthree\n  .four\nB:\n /etc/x 1\n");
    REQUIRE(all.size() == 1);
    CHECK(*all[0].find("A") == "1\ntwo\nthree\n .four");
    CHECK(*all[0].find("B") == "\n/etc/x 1");
}

TEST_CASE("FieldNamesAreFoundInAnyLetterCase") {
    const auto all = paragraphsOf("Installed-Size:  12 \n");
    REQUIRE(all.size() == 1);
    REQUIRE(all[0].find("installed-SIZE") != nullptr);
    CHECK(*all[0].find("Installed-Size") == "12");
    CHECK(all[0].find("Installed") == nullptr);
    CHECK(all[0].find("Installed-Sizes") == nullptr);
}

TEST_CASE("CommentsArePassedOver") {
    const auto all = paragraphsOf("# about\nA: 1\n# more\n go on\n");
    REQUIRE(all.size() == 1);
    CHECK(*all[0].find("A") == "1\ngo on");
}

TEST_CASE("MalformedLinesAreNamedWithFileAndLine") {
    CHECK(startsWith(parsingProblem("A: 1\nno colon here\n"), "status:2: no field;"));
    CHECK(startsWith(parsingProblem(": 1\n"), "status:1: no field;"));
    CHECK(startsWith(parsingProblem("A b: 1\n"), "status:1: no field;"));
    CHECK(startsWith(parsingProblem("-A: 1\n"), "status:1: no field;"));
    CHECK(startsWith(parsingProblem(std::string("\x7f") + "ELF: 1\n"), "status:1: no field;"));
    CHECK(startsWith(parsingProblem("\n more\n"), "status:2: a line that goes on"));
    CHECK(startsWith(parsingProblem("A: 1\n\nA: 2\nB: 3\na: 4\n"),
                     "status:5: the field a stands twice"));
}

TEST_CASE("ALineWithoutEndDoesNotFillTheMemory") {
    CHECK(startsWith(parsingProblem("A: " + std::string(LineReader::kMaxLength, 'x')),
                     "status:1: the line is longer than"));
    const std::string longest = "A: " + std::string(LineReader::kMaxLength - 3, 'x');
    CHECK(parsingProblem(longest).empty());
}

TEST_CASE("AParagraphWithoutEndDoesNotFillTheMemory") {
    std::string text = "A: 1\n";
    const std::string line = " " + std::string(LineReader::kMaxLength - 1, 'x') + "\n";
    for (int i = 0; i < 8; ++i) text += line;
    CHECK(startsWith(parsingProblem(text), "status:9: the paragraph is larger"));
}

TEST_CASE("APackageIsReadFromItsFields") {
    const auto all = paragraphsOf(
        "Package: bash\nStatus: install ok installed\nPriority: required\nSection: shells\n"
        "Installed-Size: 7164\nMaintainer: M <m@example.org>\nArchitecture: amd64\n"
        "Version: 5.2.15-2+b8\nDepends: base-files\nHomepage: http://example.org\n"
        "Description: GNU Bourne Again SHell\n Bash is a shell.\n .\n It is.\n");
    const Package package = toPackage(all.at(0), "status");
    CHECK(package.name == "bash");
    CHECK(package.version == "5.2.15-2+b8");
    CHECK(package.architecture == "amd64");
    CHECK(package.section == "shells");
    CHECK(package.priority == "required");
    CHECK(package.maintainer == "M <m@example.org>");
    CHECK(package.depends == "base-files");
    CHECK(package.homepage == "http://example.org");
    CHECK(package.installedSize == 7164);
    CHECK(package.summary == "GNU Bourne Again SHell");
    CHECK(package.description == "Bash is a shell.\n\nIt is.");
}

TEST_CASE("AFieldThatIsNotThereIsEmpty") {
    const Package package = toPackage(paragraphsOf("Package: x\n").at(0), "status");
    CHECK(package.version.empty());
    CHECK(package.installedSize == 0);
    CHECK(package.summary.empty());
}

TEST_CASE("APackageWithoutNameOrWithAStrangeSizeIsRefused") {
    const auto problem = [](const std::string& text) {
        return problemOf([&] { toPackage(paragraphsOf(text).at(0), "status"); });
    };
    CHECK(startsWith(problem("\nVersion: 1\n"), "status:2: the paragraph has no field Package"));
    CHECK(startsWith(problem("Package: x\nInstalled-Size: 12 KiB\n"),
                     "status:1: Installed-Size of x is '12 KiB'"));
    CHECK(startsWith(problem("Package: x\nInstalled-Size: 99999999999999999999\n"),
                     "status:1: Installed-Size of x is"));
}
