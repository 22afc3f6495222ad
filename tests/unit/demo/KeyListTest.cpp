#include "KeyList.h"

#include <Poco/Exception.h>

#include "InputFiles.h"

using namespace oxcache::demo;

TEST_CASE("KeysAreReadInOrderOneALine") {
    const InputFiles folder;
    const auto keys = readKeys(folder.file("keys", "user:2\n\n user:1 \r\nuser:2\nlast"));
    CHECK(keys == std::vector<std::string>{"user:2", " user:1 ", "user:2", "last"});
}

TEST_CASE("KeysMayHoldAnyBytes") {
    const InputFiles folder;
    const std::string odd("a\0b\xff\t", 5);
    CHECK(readKeys(folder.file("keys", odd + "\n")) == std::vector<std::string>{odd});
}

TEST_CASE("AListThatCannotBeUsedIsNamed") {
    const InputFiles folder;
    const std::string absent = folder.path("absent");
    CHECK(problemOf([&] { readKeys(absent); }).find(absent) == 0);
    CHECK(problemOf([&] { readKeys(folder.path("")); }).find("cannot be read") !=
          std::string::npos);
    const std::string empty = folder.file("empty", "\n\n");
    CHECK(problemOf([&] { readKeys(empty); }) == empty + ": holds no key; write one a line");
}
